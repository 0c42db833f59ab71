/* Which order holds (gateway/compliance/order.h). */
#include <criterion/criterion.h>
#include <string.h>

#include "gateway/compliance/order.h"

enum { FROM = 1000, UNTIL = 2000 };

/* A square of 0.2 degrees around Tiantai, and one over the antimeridian. */
static struct bw_point square[] = {{29.0, 120.9}, {29.2, 120.9}, {29.2, 121.1}, {29.0, 121.1}};
static struct bw_point fiji[] = {{-17.0, 179.9}, {-16.8, 179.9}, {-16.8, -179.9}, {-17.0, -179.9}};
/* An L: the upper right quarter of the square is missing. */
static struct bw_point corner[] = {{29.0, 120.9}, {29.2, 120.9}, {29.2, 121.0},
                                   {29.1, 121.0}, {29.1, 121.1}, {29.0, 121.1}};
static const struct bw_point here = {29.05, 121.0};

static struct bw_order list[3];
static struct bw_orders orders;

static void set_up(void)
{
    list[0] = list[1] = list[2] =
        (struct bw_order){.kind = BW_ORDER_WEATHER, .from_utc_ms = FROM, .until_utc_ms = UNTIL};
    orders = (struct bw_orders){.n_orders = 1, .orders = list};
}
TestSuite(order, .init = set_up);

static const struct bw_order *weather(const struct bw_point *at, const char *route_id)
{
    return order_in_force(&orders, BW_ORDER_WEATHER, FROM, at, route_id);
}

Test(order, holds_from_its_first_instant_to_before_its_last)
{
    static const struct {
        int64_t utc_ms;
        bool holds;
    } rows[] = {{0, false}, {FROM - 1, false}, {FROM, true}, {UNTIL - 1, true}, {UNTIL, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(order_in_force(&orders, BW_ORDER_WEATHER, rows[i].utc_ms, &here, NULL),
                     rows[i].holds ? &list[0] : NULL, "row %zu", i);
}

Test(order, is_of_the_kind_asked_for)
{
    cr_expect_eq(order_in_force(&orders, BW_ORDER_EXEMPTION, FROM, &here, "r-1"), NULL);
    list[0].kind = BW_ORDER_EXEMPTION;
    cr_expect_eq(order_in_force(&orders, BW_ORDER_EXEMPTION, FROM, &here, "r-1"), &list[0]);
}

Test(order, without_orders_none_holds)
{
    cr_expect_eq(order_in_force(NULL, BW_ORDER_WEATHER, FROM, &here, "r-1"), NULL);
    orders.n_orders = 0;
    cr_expect_eq(weather(&here, "r-1"), NULL);
}

Test(order, holds_on_the_routes_that_it_names_or_on_all)
{
    cr_expect_eq(weather(&here, "r-2"), &list[0]);
    cr_expect_eq(weather(&here, NULL), &list[0]);
    list[0].n_routes = 2;
    memcpy(list[0].routes[0], "r-1", 4);
    memcpy(list[0].routes[1], "r-2", 4);
    cr_expect_eq(weather(&here, "r-1"), &list[0]);
    cr_expect_eq(weather(&here, "r-2"), &list[0]);
    cr_expect_eq(weather(&here, "r-3"), NULL);
    cr_expect_eq(weather(&here, NULL), NULL, "on no licensed route");
}

Test(order, holds_inside_its_area)
{
    static const struct {
        struct bw_point *area;
        size_t n;
        double lat_deg, lon_deg;
        bool holds;
    } rows[] = {
        {square, 4, 29.1, 121.0, true},     {square, 4, 29.1, 121.0999, true},
        {square, 4, 29.1, 121.1001, false}, {square, 4, 29.1, 120.8999, false},
        {square, 4, 29.2001, 121.0, false}, {square, 4, 28.9999, 121.0, false},
        {square, 4, 29.0001, 121.0, true},  {square, 4, 29.1, -59.0, false},
        {corner, 6, 29.05, 121.05, true},   {corner, 6, 29.15, 120.95, true},
        {corner, 6, 29.15, 121.05, false},  {corner, 6, 29.05, 120.95, true},
        {fiji, 4, -16.9, 179.95, true},     {fiji, 4, -16.9, -179.95, true},
        {fiji, 4, -16.9, 180.0, true},      {fiji, 4, -16.9, -180.0, true},
        {fiji, 4, -16.9, 179.85, false},    {fiji, 4, -16.9, -179.85, false},
        {fiji, 4, -16.9, 0.0, false},       {square, 3, 29.15, 120.95, true},
        {square, 3, 29.1, 121.0001, false}, {square, 3, 29.1, 120.9999, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct bw_point at = {rows[i].lat_deg, rows[i].lon_deg};
        list[0].points = rows[i].area;
        list[0].n_points = rows[i].n;
        cr_expect_eq(weather(&at, "r-1"), rows[i].holds ? &list[0] : NULL, "row %zu", i);
    }
}

Test(order, area_may_begin_on_either_side_of_the_antimeridian)
{
    struct bw_point turned[] = {fiji[2], fiji[3], fiji[0], fiji[1]};
    list[0].points = turned;
    list[0].n_points = 4;
    cr_expect_eq(weather(&(struct bw_point){-16.9, 179.95}, NULL), &list[0]);
    cr_expect_eq(weather(&(struct bw_point){-16.9, -179.95}, NULL), &list[0]);
    cr_expect_eq(weather(&(struct bw_point){-16.9, 179.85}, NULL), NULL);
}

Test(order, lowest_limit_wins_and_of_equal_ones_the_first)
{
    orders.n_orders = 3;
    list[0].limit_kmh = 40;
    list[1].limit_kmh = 30;
    list[2].limit_kmh = 30;
    cr_expect_eq(weather(&here, "r-1"), &list[1]);
    list[2].limit_kmh = 0; /* the law's 20 */
    cr_expect_eq(weather(&here, "r-1"), &list[2]);
    list[1].limit_kmh = 20;
    cr_expect_eq(weather(&here, "r-1"), &list[1]);
    list[1].n_routes = 1;
    cr_expect_eq(weather(&here, "r-1"), &list[2], "a lower limit on another route is none here");
}

Test(order, limit_of_none_is_the_laws_in_bad_weather)
{
    cr_expect_eq(order_limit_kmh(&(struct bw_order){.limit_kmh = 0}), 20);
    cr_expect_eq(order_limit_kmh(&(struct bw_order){.limit_kmh = 35}), 35);
}

/* A ray through a vertex crosses one of its two edges. */
Test(order, a_place_level_with_a_vertex_is_in_or_out)
{
    static struct bw_point diamond[] = {{29.0, 121.0}, {29.1, 120.9}, {29.2, 121.0}, {29.1, 121.1}};
    list[0].points = diamond;
    list[0].n_points = 4;
    cr_expect_eq(weather(&(struct bw_point){29.1, 121.0}, NULL), &list[0]);
    cr_expect_eq(weather(&(struct bw_point){29.1, 121.2}, NULL), NULL);
    cr_expect_eq(weather(&(struct bw_point){29.1, 120.8}, NULL), NULL);
    cr_expect_eq(weather(&(struct bw_point){29.0, 120.9}, NULL), NULL);
    cr_expect_eq(weather(&(struct bw_point){29.2, 120.9}, NULL), NULL);
}

Test(order, what_lies_behind_its_last_route_is_none)
{
    list[0].n_routes = 1;
    memcpy(list[0].routes[0], "r-1", 4);
    memcpy(list[0].routes[1], "r-2", 4);
    cr_expect_eq(weather(&here, "r-2"), NULL);
}

Test(order, however_low_its_limit_is_it_is_its_own)
{
    cr_expect_eq(order_limit_kmh(&(struct bw_order){.limit_kmh = 1}), 1);
}
