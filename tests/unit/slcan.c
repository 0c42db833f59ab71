/* The SLCAN parser: bytes of an adapter, cut anywhere, to frames. */
#include <criterion/criterion.h>
#include <string.h>

#include "gateway/source/slcan.h"

enum { FRAMES_MAX = 8 };

struct frames {
    size_t n;
    struct can_frame_in frame[FRAMES_MAX];
};

static void collect(void *context, const struct can_frame_in *frame)
{
    struct frames *frames = context;
    cr_assert_lt(frames->n, FRAMES_MAX);
    frames->frame[frames->n++] = *frame;
}

static void feed(struct slcan *slcan, const char *text, struct frames *frames)
{
    slcan_feed(slcan, (const uint8_t *)text, strlen(text), collect, frames);
}

static const struct {
    const char *line;
    struct can_frame_in frame;
} good[] = {
    {"t1230\r", {.id = 0x123, .len = 0}},
    {"t7FF81122334455667788\r",
     {.id = 0x7ff, .len = 8, .data = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}}},
    {"t0013aBcDeF\r", {.id = 1, .len = 3, .data = {0xab, 0xcd, 0xef}}},
    {"T18FEF1002FF00\r", {.id = 0x18fef100, .extended = true, .len = 2, .data = {0xff, 0}}},
    {"t12312A1F40\r", {.id = 0x123, .len = 1, .data = {0x2a}}},  /* with a timestamp */
    {"T0000000101F40\r", {.id = 1, .extended = true, .len = 0}}, /* with a timestamp */
    {"t3218FFFFFFFFFFFFFFFF1F40\r",
     {.id = 0x321, .len = 8, .data = {255, 255, 255, 255, 255, 255, 255, 255}}}, /* with a timestamp */
    {"\nt1230\r", {.id = 0x123, .len = 0}}, /* of an adapter that ends with CR LF */
};

Test(slcan, data_frames_of_both_identifier_lengths_are_passed_on)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct slcan slcan;
        struct frames frames = {0};
        slcan_init(&slcan);
        feed(&slcan, good[i].line, &frames);
        cr_assert_eq(frames.n, 1, "%s", good[i].line);
        cr_expect_eq(frames.frame[0].id, good[i].frame.id, "%s", good[i].line);
        cr_expect_eq(frames.frame[0].extended, good[i].frame.extended, "%s", good[i].line);
        cr_expect_eq(frames.frame[0].len, good[i].frame.len, "%s", good[i].line);
        cr_expect_arr_eq(frames.frame[0].data, good[i].frame.data, 8);
        cr_expect_eq(slcan.bad, 0, "%s", good[i].line);
    }
}

static const struct {
    const char *line, *reason;
} bad[] = {
    {"x\r", "not a frame"},
    {"V1013\r", "not a frame"},
    {"t\r", "frame cut short"},
    {"t12\r", "frame cut short"},
    {"t1232A\r", "frame cut short"},
    {"T12328181\r", "frame cut short"},
    {"tG230\r", "bad identifier"},
    {"t8000\r", "bad identifier"},
    {"T200000000\r", "bad identifier"},
    {"t1239\r", "bad length"},
    {"t123 \r", "bad length"},
    {"t1231G0\r", "bad data"},
    {"t12312A0\r", "trailing bytes"},
    {"t12312A00000\r", "trailing bytes"},
    {"t12312A0x00\r", "trailing bytes"},
    {"t1230\nt1230\r", "trailing bytes"},
    {"r12301\r", "trailing bytes"},
    {"r1238FFFFFFFFFFFFFF\r", "frame cut short"},
    {"d1239000000000000000000000\r", "frame cut short"},
    {"bF239\r", "bad identifier"},
    {"F\r", "not a frame"},
    {"F0\r", "not a frame"},
    {"FG0\r", "not a frame"},
    {"F000\r", "not a frame"},
    {"t1230"
     "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "00000000000000000000000000000000000000000000000000000000000000000000000000000000\r",
     "line too long"},
};

Test(slcan, bad_lines_are_counted_with_their_reason_and_the_next_frame_is_read)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct slcan slcan;
        struct frames frames = {0};
        slcan_init(&slcan);
        feed(&slcan, bad[i].line, &frames);
        cr_expect_eq(frames.n, 0, "%s", bad[i].line);
        cr_expect_eq(slcan.bad, 1, "%s", bad[i].line);
        cr_expect_str_eq(slcan.reason, bad[i].reason);
        feed(&slcan, "t1230\r", &frames);
        cr_expect_eq(frames.n, 1, "%s", bad[i].line);
    }
}

Test(slcan, answers_and_remote_frames_are_no_data)
{
    struct slcan slcan;
    struct frames frames = {0};
    slcan_init(&slcan);
    feed(&slcan, "\r\r\rz\rZ\r\a\ar1238\rR000000010\rr12381122334455667788\rr12301F40\r", &frames);
    cr_expect_eq(frames.n, 0);
    cr_expect_eq(slcan.bad, 0);
    cr_expect_eq(slcan.accepts, 5);
    cr_expect_eq(slcan.refusals, 2);
    cr_expect_eq(slcan.first, 0x60, "the sixth and the seventh answer");
    cr_expect_eq(slcan.remote, 4);
}

Test(slcan, fd_frames_are_no_data_either)
{
    static const char *const lines[] = {"d1230\r", "D000000011FF\r", "b1239000102030405060708090A0B\r",
                                        "B1FFFFFFFF"
                                        "00000000000000000000000000000000000000000000000000000000000000000000"
                                        "000000000000000000000000000000000000000000000000000000000000\r"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct slcan slcan;
        struct frames frames = {0};
        slcan_init(&slcan);
        feed(&slcan, lines[i], &frames);
        cr_expect_eq(frames.n, 0, "%zu", i);
        cr_expect_eq(slcan.bad, 0, "%zu: %s", i, slcan.reason);
        cr_expect_eq(slcan.fd, 1, "%zu", i);
    }
}

Test(slcan, status_flags_are_kept)
{
    struct slcan slcan;
    struct frames frames = {0};
    slcan_init(&slcan);
    feed(&slcan, "F00\rt1230\rFA8\r", &frames);
    cr_expect_eq(frames.n, 1);
    cr_expect_eq(slcan.bad, 0);
    cr_expect_eq(slcan.statuses, 2);
    cr_expect_eq(slcan.flags, SLCAN_BUS_ERROR | SLCAN_ERROR_PASSIVE | SLCAN_OVERRUN);
}

Test(slcan, a_bel_within_a_line_ends_it)
{
    struct slcan slcan;
    struct frames frames = {0};
    slcan_init(&slcan);
    feed(&slcan, "t12\at1230\r", &frames);
    cr_expect_eq(frames.n, 1);
    cr_expect_eq(slcan.bad, 1);
    cr_expect_eq(slcan.refusals, 1);
}

Test(slcan, a_flood_without_end_is_one_bad_line)
{
    struct slcan slcan;
    struct frames frames = {0};
    slcan_init(&slcan);
    for (int i = 0; i < 10000; i++)
        feed(&slcan, "t", &frames);
    feed(&slcan, "\rt1230\r", &frames);
    cr_expect_eq(slcan.bad, 1);
    cr_expect_eq(frames.n, 1);
}

Test(slcan, bytes_may_be_cut_anywhere)
{
    static const char stream[] = "\r\a\rt12312A\rT18FEF1002FF00\rt12\rr1230\rt7FF0\r";
    const size_t len = sizeof stream - 1;
    for (size_t cut = 0; cut <= len; cut++) {
        struct slcan slcan;
        struct frames frames = {0};
        slcan_init(&slcan);
        slcan_feed(&slcan, (const uint8_t *)stream, cut, collect, &frames);
        slcan_feed(&slcan, (const uint8_t *)stream + cut, len - cut, collect, &frames);
        cr_expect_eq(frames.n, 3, "cut at %zu", cut);
        cr_expect_eq(slcan.frames, 3, "cut at %zu", cut);
        cr_expect_eq(slcan.bad, 1, "cut at %zu", cut);
    }
}
