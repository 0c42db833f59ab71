/* Lines of `candump -L`. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "gateway/source/candump.h"

static const struct {
    const char *line;
    int64_t utc_us;
    struct can_frame_in frame;
} good[] = {
    {"(1436509052.249713) vcan0 044#2A366C2BBA",
     1436509052249713,
     {.id = 0x44, .len = 5, .data = {0x2a, 0x36, 0x6c, 0x2b, 0xba}}},
    {"(1543509533.000838) can0 10FDA300#FFFF07FFFFFFFFFF\n",
     1543509533000838,
     {.id = 0x10fda300, .extended = true, .len = 8, .data = {255, 255, 7, 255, 255, 255, 255, 255}}},
    {"(0.5) can0 7FF#\r\n", 500000, {.id = 0x7ff, .len = 0}},
    {"(1.999999999) slcan_bus-1 123#ab R", 1999999, {.id = 0x123, .len = 1, .data = {0xab}}},
    {"(1.000000) can0 00000123#ab T\n", 1000000, {.id = 0x123, .extended = true, .len = 1, .data = {0xab}}},
};

Test(candump, data_frames_are_read_with_their_time)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t utc_us = 0;
        struct can_frame_in frame;
        const char *reason;
        cr_assert_eq(candump_parse(good[i].line, strlen(good[i].line), &utc_us, &frame, &reason), 0, "%s",
                     good[i].line);
        cr_expect_eq(utc_us, good[i].utc_us, "%s", good[i].line);
        cr_expect_eq(frame.id, good[i].frame.id, "%s", good[i].line);
        cr_expect_eq(frame.extended, good[i].frame.extended, "%s", good[i].line);
        cr_expect_eq(frame.len, good[i].frame.len, "%s", good[i].line);
        cr_expect_arr_eq(frame.data, good[i].frame.data, 8);
    }
}

static const struct {
    const char *line;
    int err;
    const char *reason;
} others[] = {
    {"", -ENOMSG, "blank line"},
    {"\r\n", -ENOMSG, "blank line"},
    {"(1.0) can0 123#R", -ENOMSG, "remote frame"},
    {"(1.0) can0 123#R8", -ENOMSG, "remote frame"},
    {"(1.0) can0 123##1AABBCCDDEEFF00112233", -ENOMSG, "CAN FD frame"},
    {"(1.0) can0 20000004#0000000000000000", -ENOMSG, "error frame"},
    {"1.0 can0 123#", -EINVAL, "bad time"},
    {"(1) can0 123#", -EINVAL, "bad time"},
    {"(1.) can0 123#", -EINVAL, "bad time"},
    {"(.1) can0 123#", -EINVAL, "bad time"},
    {"(-1.0) can0 123#", -EINVAL, "bad time"},
    {"(1234567890123.0) can0 123#", -EINVAL, "bad time"},
    {"(1.0123456789) can0 123#", -EINVAL, "bad time"},
    {"(1.0)can0 123#", -EINVAL, "bad time"},
    {"(1.0)  123#", -EINVAL, "bad interface name"},
    {"(1.0) can0", -EINVAL, "bad interface name"},
    {"(1.0) can0 ", -EINVAL, "bad identifier"},
    {"(1.0) can0 12#", -EINVAL, "bad identifier"},
    {"(1.0) can0 1234#", -EINVAL, "bad identifier"},
    {"(1.0) can0 800#", -EINVAL, "bad identifier"},
    {"(1.0) can0 40000000#", -EINVAL, "bad identifier"},
    {"(1.0) can0 12G#", -EINVAL, "bad identifier"},
    {"(1.0) can0 123", -EINVAL, "no '#' after the identifier"},
    {"(1.0) can0 123#A", -EINVAL, "bad data"},
    {"(1.0) can0 123#AG", -EINVAL, "bad data"},
    {"(1.0) can0 123#112233445566778899", -EINVAL, "bad data"},
    {"(1.0) can0 123#11 x", -EINVAL, "trailing bytes"},
    {"(1.0) can0 123#11 R R", -EINVAL, "trailing bytes"},
};

Test(candump, the_rest_is_told_apart_and_nothing_is_written)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        int64_t utc_us = -7;
        struct can_frame_in frame = {.id = 7};
        const char *reason = NULL;
        cr_expect_eq(candump_parse(others[i].line, strlen(others[i].line), &utc_us, &frame, &reason),
                     others[i].err, "%s", others[i].line);
        cr_assert_not_null(reason);
        cr_expect_str_eq(reason, others[i].reason);
        cr_expect(utc_us == -7 && frame.id == 7, "%s", others[i].line);
    }
}

Test(candump, a_line_cut_anywhere_is_an_error_or_a_shorter_frame_but_never_more)
{
    static const char line[] = "(1436509052.249713) vcan0 044#2A366C2BBA";
    for (size_t len = 1; len < sizeof line - 1; len++) {
        int64_t utc_us;
        struct can_frame_in frame;
        const char *reason;
        const int err = candump_parse(line, len, &utc_us, &frame, &reason);
        cr_expect(err == -EINVAL || (err == 0 && frame.len < 5), "%zu", len);
    }
}

Test(candump, a_nul_byte_is_no_end)
{
    static const char line[] = "(1.0) can0 123#11\0"
                               "22";
    int64_t utc_us;
    struct can_frame_in frame;
    const char *reason;
    cr_expect_eq(candump_parse(line, sizeof line - 1, &utc_us, &frame, &reason), -EINVAL);
}
