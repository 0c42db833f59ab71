/* What a vehicle may do at the broker, as the plugin judges it. */
#include "bureau/broker/rights.h"

#include <criterion/criterion.h>

#define D "schoolbus/v1/331023/"

Test(rights, a_vehicle_publishes_upward_and_subscribes_downward_on_its_own_topics_alone)
{
    static const struct {
        const char *user, *topic;
        bool publish, subscribe;
    } rows[] = {
        {"bus-a", D "bus-a/alert", true, false},
        {"bus-a", D "bus-a/track", true, false},
        {"bus-a", D "bus-a/presence", true, false},
        {"bus-a", D "bus-a/licence", false, true},
        {"bus-a", D "bus-a/orders", false, true},
        {"bus-a", D "bus-a/receipt", false, true},
        {"bus-a", "schoolbus/v1/999999/bus-a/alert", true, false},
        {"bus-a", D "bus-b/alert", false, false},
        {"bus-a", D "bus-b/receipt", false, false},
        {"bus-a", D "bus-a", false, false},
        {"bus-a", D "bus-a/alert/x", false, false},
        {"bus-a", D "bus-a/alertx", false, false},
        {"bus-a", "schoolbus/v2/331023/bus-a/alert", false, false},
        {"bus-a", "schoolbus/v1/+/bus-a/receipt", false, false},
        {"bus-a", D "+/receipt", false, false},
        {"bus-a", D "#", false, false},
        {"bus-a", "#", false, false},
        {"bus-a", "$SYS/broker/log/#", false, false},
        {"bus-a", "", false, false},
        {NULL, D "bus-a/alert", false, false},
        {"", D "bus-a/alert", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(rights_may_publish(rows[i].user, rows[i].topic), rows[i].publish, "row %zu", i);
        cr_expect_eq(rights_may_subscribe(rows[i].user, rows[i].topic), rows[i].subscribe, "row %zu", i);
    }
}

Test(rights, only_names_that_no_vehicle_can_have_are_left_to_the_access_list)
{
    cr_expect(rights_is_vehicle("bus-a"));
    cr_expect(rights_is_vehicle("server"));
    cr_expect(rights_is_vehicle(NULL));
    cr_expect_not(rights_is_vehicle("bureau"));
    cr_expect_not(rights_is_vehicle("Monitor"));
    cr_expect_not(rights_is_vehicle("monitor.example"));
}

Test(rights, a_reader_has_a_name_that_no_vehicle_can_have)
{
    cr_expect(rights_is_reader("police.county"));
    cr_expect_not(rights_is_vehicle("police.county"));
    static const char *const others[] = {"police", "police.", "police.a.b", "police.A",
                                         "bus-a",  "bureau",  "",           "xpolice.a"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(rights_is_reader(others[i]), "%s", others[i]);
    cr_expect_not(rights_is_reader(NULL));
    cr_expect(rights_may_hear(D "feed/alerts"));
    cr_expect_not(rights_may_hear(D "bus-a/alert"));
}
