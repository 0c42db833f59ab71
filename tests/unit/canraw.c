/* What a raw CAN socket hands over: which frames are passed on, and what error frames tell. */
#include <criterion/criterion.h>
#include <linux/can/error.h>
#include <string.h>

#include "gateway/source/canraw.h"
#include "gateway/source/source.h"

Test(canraw, data_frames_of_both_identifier_lengths_are_passed_on)
{
    const struct can_frame standard = {.can_id = 0x7ff, .len = 2, .data = {1, 2, 3}};
    const struct can_frame extended = {.can_id = 0x18fef100 | CAN_EFF_FLAG, .len = 8, .data = {[7] = 9}};
    struct can_frame_in frame;
    cr_assert_eq(canraw_take(&standard, sizeof standard, &frame), CANRAW_DATA);
    cr_expect(frame.id == 0x7ff && !frame.extended && frame.len == 2 && frame.data[1] == 2);
    cr_expect_eq(frame.data[2], 0, "no byte beyond the length");
    cr_assert_eq(canraw_take(&extended, sizeof extended, &frame), CANRAW_DATA);
    cr_expect(frame.id == 0x18fef100 && frame.extended && frame.len == 8 && frame.data[7] == 9);
}

Test(canraw, nothing_else_is)
{
    const struct can_frame remote = {.can_id = 0x123 | CAN_RTR_FLAG, .len = 8};
    const struct can_frame error = {.can_id = CAN_ERR_BUSOFF | CAN_ERR_FLAG, .len = CAN_ERR_DLC};
    const struct can_frame too_long = {.can_id = 0x123, .len = 9};
    struct can_frame_in frame = {.id = 77};
    cr_expect_eq(canraw_take(&remote, sizeof remote, &frame), CANRAW_REMOTE);
    cr_expect_eq(canraw_take(&error, sizeof error, &frame), CANRAW_ERROR);
    cr_expect_eq(canraw_take(&too_long, sizeof too_long, &frame), CANRAW_BAD);
    cr_expect_eq(canraw_take(&remote, 0, &frame), CANRAW_BAD);
    cr_expect_eq(canraw_take(&error, CANFD_MTU, &frame), CANRAW_BAD);
    cr_expect_eq(frame.id, 77, "untouched");
}

static const struct {
    struct can_frame error;
    const char *code; /* NULL = none */
    uint64_t bad;
} errors[] = {
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_BUSOFF}, "bus_off", 1},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_CRTL, .data = {0, CAN_ERR_CRTL_RX_PASSIVE}}, "error_passive", 1},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_CRTL, .data = {0, CAN_ERR_CRTL_TX_PASSIVE}}, "error_passive", 1},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_CRTL, .data = {0, CAN_ERR_CRTL_RX_WARNING}}, "error_warning", 1},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_CRTL, .data = {0, CAN_ERR_CRTL_RX_OVERFLOW}}, "overrun", 1},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_ACK}, "no_acknowledgement", 1},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_TRX, .data = {[4] = CAN_ERR_TRX_CANH_NO_WIRE}}, "transceiver", 1},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_PROT, .data = {0, 0, CAN_ERR_PROT_STUFF}}, "bus_error", 1},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_BUSERROR | CAN_ERR_PROT}, "bus_error", 1},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_RESTARTED}, "restarted", 0},
    {{.can_id = CAN_ERR_FLAG | CAN_ERR_CRTL, .data = {0, CAN_ERR_CRTL_ACTIVE}}, NULL, 0},
};

Test(canraw, each_error_is_counted_by_its_kind_and_said_in_words)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct source_stats stats = {0};
        canraw_troubles(&errors[i].error, &stats);
        cr_expect_eq(stats.bad, errors[i].bad, "row %zu", i);
        cr_assert_eq(stats.n_troubles, errors[i].code != NULL, "row %zu", i);
        if (errors[i].code == NULL)
            continue;
        cr_expect_str_eq(stats.troubles[0].code, errors[i].code);
        cr_expect_eq(stats.troubles[0].n, 1, "row %zu", i);
        cr_expect_str_eq(stats.reason, errors[i].bad > 0 ? stats.troubles[0].words : "");
        cr_expect_neq(CANRAW_ERRORS & errors[i].error.can_id, 0, "row %zu: nobody asks for it", i);
    }
}

Test(canraw, one_frame_may_tell_of_several)
{
    const struct can_frame error = {.can_id = CAN_ERR_FLAG | CAN_ERR_BUSOFF | CAN_ERR_CRTL,
                                    .data = {0, CAN_ERR_CRTL_RX_OVERFLOW | CAN_ERR_CRTL_TX_PASSIVE}};
    struct source_stats stats = {0};
    canraw_troubles(&error, &stats);
    canraw_troubles(&error, &stats);
    cr_expect_eq(stats.n_troubles, 3);
    cr_expect_eq(stats.bad, 6);
}

Test(canraw, more_kinds_than_there_is_room_for_are_counted_as_bad)
{
    static const char *const codes[SOURCE_TROUBLES_MAX + 1] = {"a", "b", "c", "d", "e", "f", "g",
                                                               "h", "i", "j", "k", "l", "m"};
    struct source_stats stats = {0};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        source_trouble(&stats, 2, codes[i], "words");
    source_trouble(&stats, 0, "a", "not this time");
    cr_expect_eq(stats.n_troubles, SOURCE_TROUBLES_MAX);
    cr_expect_eq(stats.bad, 2 * (SOURCE_TROUBLES_MAX + 1));
    cr_expect_str_eq(stats.reason, "words");
}

/* The true interfaces are in tests/vm/can; here there may be no CAN at all. */
Test(canraw, an_interface_that_is_not_there_is_said_and_tried_again)
{
    struct source *source = source_socketcan_create("nocan0");
    source_tick(source, 0);
    cr_expect_eq(source_stats(source)->state, SOURCE_CONNECTING);
    cr_expect_eq(source_fd(source), -1);
    const char *reason = source_stats(source)->reason;
    cr_expect(strcmp(reason, "can: No such device") == 0 ||
                  strcmp(reason, "can: Address family not supported by protocol") == 0,
              "%s", reason);
    source_tick(source, 20000);
    cr_expect_eq(source_stats(source)->opened, 0);
    source_destroy(source);
}
