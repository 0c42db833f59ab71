/* Orders on the wire. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

static struct bw_point area[] = {{29.14, 121.03}, {29.15, 121.03}, {29.15, 121.04}};
static const struct bw_order landslide = {.kind = BW_ORDER_EXEMPTION,
                                          .order_id = "2026-017",
                                          .reason = "珠游线塌方",
                                          .from_utc_ms = 1795476600000,
                                          .until_utc_ms = 1795735800000,
                                          .n_routes = 2,
                                          .routes = {"r-1", "r-2"},
                                          .n_points = 3,
                                          .points = area};
static const struct bw_order fog = {.kind = BW_ORDER_WEATHER,
                                    .order_id = "2026-018",
                                    .reason = "FOG",
                                    .from_utc_ms = 1795476600000,
                                    .until_utc_ms = 1795487400000,
                                    .limit_kmh = 15};

static struct bw_order list[BW_ORDERS_MAX + 1];

/* Both orders; the caller may alter what `list` holds. */
static struct bw_orders some_orders(void)
{
    list[0] = landslide;
    list[1] = fog;
    return (struct bw_orders){.vehicle_id = "bus-a",
                              .division = "331023",
                              .version = 4,
                              .issued_utc_ms = 1795470000000,
                              .n_orders = 2,
                              .orders = list};
}

static struct wire_bytes encoded(const struct bw_orders *orders)
{
    struct wire_bytes bytes = {0};
    cr_assert_eq(wire_orders_encode(orders, &bytes), 0);
    return bytes;
}

Test(wire_orders, come_back_whole)
{
    const struct bw_orders orders = some_orders();
    struct wire_bytes bytes = encoded(&orders);
    struct bw_orders back;
    cr_assert_eq(wire_orders_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_str_eq(back.vehicle_id, "bus-a");
    cr_expect_str_eq(back.division, "331023");
    cr_expect_eq(back.version, 4U);
    cr_expect_eq(back.issued_utc_ms, 1795470000000);
    cr_assert_eq(back.n_orders, 2U);
    const struct bw_order *first = &back.orders[0], *second = &back.orders[1];
    cr_expect_eq(first->kind, BW_ORDER_EXEMPTION);
    cr_expect_str_eq(first->order_id, "2026-017");
    cr_expect_str_eq(first->reason, "珠游线塌方");
    cr_expect_eq(first->from_utc_ms, landslide.from_utc_ms);
    cr_expect_eq(first->until_utc_ms, landslide.until_utc_ms);
    cr_assert_eq(first->n_routes, 2U);
    cr_expect_str_eq(first->routes[1], "r-2");
    cr_assert_eq(first->n_points, 3U);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_float_eq(first->points[i].lat_deg, area[i].lat_deg, 1e-9);
        cr_expect_float_eq(first->points[i].lon_deg, area[i].lon_deg, 1e-9);
    }
    cr_expect_eq(second->kind, BW_ORDER_WEATHER);
    cr_expect_eq(second->limit_kmh, 15);
    cr_expect_eq(second->n_routes, 0U);
    cr_expect_eq(second->n_points, 0U);
    cr_expect_null(second->points, "everywhere");
    wire_orders_free(&back);
    wire_bytes_free(&bytes);
}

Test(wire_orders, none_at_all_withdraws_what_was_ordered)
{
    struct bw_orders orders = some_orders(), back;
    orders.n_orders = 0;
    struct wire_bytes bytes = encoded(&orders);
    cr_assert_eq(wire_orders_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_eq(back.n_orders, 0U);
    cr_expect_eq(back.version, 4U);
    wire_orders_free(&back);
    wire_bytes_free(&bytes);
}

Test(wire_orders, as_many_as_may_be_fit_the_message)
{
    static struct bw_point many[BW_ORDER_POINTS_MAX];
    for (size_t i = 0; i < BW_ORDER_POINTS_MAX; i++)
        many[i] = (struct bw_point){i % 2 == 0 ? 89.9 : -89.9, i % 3 == 0 ? 179.9 : -179.9};
    struct bw_orders orders = some_orders(), back;
    for (size_t i = 0; i < BW_ORDERS_MAX; i++) {
        list[i] = fog;
        list[i].n_routes = BW_ORDER_ROUTES_MAX;
        memset(list[i].order_id, 'o', BW_ID_LEN - 1);
        memset(list[i].reason, 'r', BW_NAME_LEN - 1);
        for (size_t r = 0; r < BW_ORDER_ROUTES_MAX; r++)
            memset(list[i].routes[r], 'x', BW_ID_LEN - 1);
    }
    list[0].n_points = BW_ORDER_POINTS_MAX;
    list[0].points = many;
    orders.n_orders = BW_ORDERS_MAX;
    struct wire_bytes bytes = encoded(&orders);
    cr_assert_eq(wire_orders_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_eq(back.n_orders, (size_t)BW_ORDERS_MAX);
    cr_expect_eq(back.orders[0].n_points, (size_t)BW_ORDER_POINTS_MAX);
    wire_orders_free(&back);
    wire_bytes_free(&bytes);
}

/* --- what cannot be said --- */

static void until_is_from(struct bw_orders *orders)
{
    orders->orders[1].until_utc_ms = orders->orders[1].from_utc_ms;
}
static void until_before_from(struct bw_orders *orders)
{
    orders->orders[1].until_utc_ms = orders->orders[1].from_utc_ms - 1;
}
static void from_before_1970(struct bw_orders *orders)
{
    orders->orders[1].from_utc_ms = -1;
}
static void until_in_the_year_10000(struct bw_orders *orders)
{
    orders->orders[1].until_utc_ms = INT64_C(253402300800000);
}
static void issued_before_1970(struct bw_orders *orders)
{
    orders->issued_utc_ms = -1;
}
static void area_of_a_point(struct bw_orders *orders)
{
    orders->orders[0].n_points = 1;
}
static void area_of_two_points(struct bw_orders *orders)
{
    orders->orders[0].n_points = 2;
}
static void area_beyond_the_pole(struct bw_orders *orders)
{
    static struct bw_point nowhere[] = {{91, 121}, {29, 121}, {29, 122}};
    orders->orders[0].points = nowhere;
}
static void area_that_is_no_number(struct bw_orders *orders)
{
    static struct bw_point nowhere[] = {{29, 121}, {29, NAN}, {29, 122}};
    orders->orders[0].points = nowhere;
}
static void too_many_vertices(struct bw_orders *orders)
{
    static struct bw_point many[BW_ORDER_POINTS_MAX];
    orders->orders[1].points = many;
    orders->orders[1].n_points = BW_ORDER_POINTS_MAX - 2; /* with the three of the other one */
}
static void too_many_routes(struct bw_orders *orders)
{
    orders->orders[0].n_routes = BW_ORDER_ROUTES_MAX + 1;
}
static void too_many_orders(struct bw_orders *orders)
{
    for (size_t i = 0; i <= BW_ORDERS_MAX; i++)
        orders->orders[i] = fog;
    orders->n_orders = BW_ORDERS_MAX + 1;
}
static void limit_of_no_number(struct bw_orders *orders)
{
    orders->orders[1].limit_kmh = NAN;
}
static void limit_below_zero(struct bw_orders *orders)
{
    orders->orders[1].limit_kmh = -1;
}
static void limit_of_an_aircraft(struct bw_orders *orders)
{
    orders->orders[1].limit_kmh = 201;
}
static void kind_without_a_name(struct bw_orders *orders)
{
    orders->orders[1].kind = (enum bw_order_kind)3;
}

Test(wire_orders, what_the_contract_cannot_carry_is_not_encoded)
{
    static const struct {
        const char *name;
        void (*spoil)(struct bw_orders *orders);
    } cases[] = {
        {"until = from", until_is_from},
        {"until < from", until_before_from},
        {"from before 1970", from_before_1970},
        {"until after 9999", until_in_the_year_10000},
        {"issued before 1970", issued_before_1970},
        {"1 vertex", area_of_a_point},
        {"2 vertices", area_of_two_points},
        {"a vertex at 91 degrees", area_beyond_the_pole},
        {"a vertex at NaN", area_that_is_no_number},
        {"too many vertices in all", too_many_vertices},
        {"too many routes", too_many_routes},
        {"too many orders", too_many_orders},
        {"limit NaN", limit_of_no_number},
        {"limit -1", limit_below_zero},
        {"limit 201", limit_of_an_aircraft},
        {"an unknown kind", kind_without_a_name},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bw_orders orders = some_orders();
        struct wire_bytes bytes = {0};
        cases[i].spoil(&orders);
        cr_expect_eq(wire_orders_encode(&orders, &bytes), -EINVAL, "%s", cases[i].name);
        cr_expect_null(bytes.data);
    }
}

/* --- what is not understood: messages as bytes, for no encoder of ours makes them --- */

enum { VARINT = 0, LENGTH = 2 };

struct message {
    size_t len;
    uint8_t data[60000];
};

static void put_varint(struct message *to, uint64_t value)
{
    for (; value > 127; value >>= 7)
        to->data[to->len++] = (uint8_t)(value | 0x80);
    to->data[to->len++] = (uint8_t)value;
}

static void put_number(struct message *to, unsigned field, uint64_t value)
{
    put_varint(to, field << 3 | VARINT);
    put_varint(to, value);
}

static void put_bytes(struct message *to, unsigned field, const void *data, size_t len)
{
    put_varint(to, field << 3 | LENGTH);
    put_varint(to, len);
    memcpy(to->data + to->len, data, len);
    to->len += len;
}

static void put_part(struct message *to, unsigned field, const struct message *part)
{
    put_bytes(to, field, part->data, part->len);
}

static void put_line(struct message *to, unsigned field, size_t n_lat, size_t n_lon)
{
    static const uint8_t zeros[BW_ORDER_POINTS_MAX + 1]; /* every difference is 0 */
    static struct message line;
    line.len = 0;
    put_bytes(&line, 1, zeros, n_lat);
    put_bytes(&line, 2, zeros, n_lon);
    put_part(to, field, &line);
}

/* The head of a bundle for bus-a, version 1. */
static void put_head(struct message *to)
{
    to->len = 0;
    put_bytes(to, 1, "bus-a", 5);
    put_bytes(to, 2, "331023", 6);
    put_number(to, 3, 1);
}

static void put_window(struct message *order, unsigned kind, uint64_t from_ms, uint64_t until_ms)
{
    order->len = 0;
    put_number(order, 1, kind);
    put_number(order, 4, from_ms);
    put_number(order, 5, until_ms);
}

static struct message bundle, order;

static int decode_one(void)
{
    struct bw_orders back;
    put_head(&bundle);
    put_part(&bundle, 5, &order);
    const int error = wire_orders_decode(bundle.data, bundle.len, &back);
    if (error == 0)
        wire_orders_free(&back);
    return error;
}

Test(wire_orders, bad_ones_are_no_message)
{
    static const struct {
        const char *name;
        uint64_t from_ms, until_ms, limit_kmh;
        size_t n_lat, n_lon; /* 0, 0 = no area */
        size_t n_routes;
        int error;
    } cases[] = {
        {"one that is in order", 1000, 2000, 20, 3, 3, 16, 0},
        {"until = from", 1000, 1000, 0, 0, 0, 0, -EBADMSG},
        {"until < from", 1000, 999, 0, 0, 0, 0, -EBADMSG},
        {"until after 9999", 1000, 253402300800000, 0, 0, 0, 0, -EBADMSG},
        {"from before 1970", UINT64_MAX, 2000, 0, 0, 0, 0, -EBADMSG},
        {"limit 201", 1000, 2000, 201, 0, 0, 0, -EBADMSG},
        {"1 vertex", 1000, 2000, 0, 1, 1, 0, -EBADMSG},
        {"2 vertices", 1000, 2000, 0, 2, 2, 0, -EBADMSG},
        {"a latitude without a longitude", 1000, 2000, 0, 4, 3, 0, -EBADMSG},
        {"the most vertices", 1000, 2000, 0, BW_ORDER_POINTS_MAX, BW_ORDER_POINTS_MAX, 0, 0},
        {"a vertex too many", 1000, 2000, 0, BW_ORDER_POINTS_MAX + 1, BW_ORDER_POINTS_MAX + 1, 0, -EBADMSG},
        {"a route too many", 1000, 2000, 0, 0, 0, 17, -EBADMSG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_window(&order, BW_ORDER_EXEMPTION, cases[i].from_ms, cases[i].until_ms);
        put_number(&order, 6, cases[i].limit_kmh);
        for (size_t r = 0; r < cases[i].n_routes; r++)
            put_bytes(&order, 7, "r-1", 3);
        if (cases[i].n_lat > 0)
            put_line(&order, 8, cases[i].n_lat, cases[i].n_lon);
        cr_expect_eq(decode_one(), cases[i].error, "%s", cases[i].name);
    }
}

Test(wire_orders, an_area_without_vertices_is_not_everywhere)
{
    put_window(&order, BW_ORDER_EXEMPTION, 1000, 2000);
    put_line(&order, 8, 0, 0);
    cr_expect_eq(decode_one(), -EBADMSG);
}

Test(wire_orders, a_text_that_does_not_fit_is_no_message)
{
    char text[BW_NAME_LEN + 1];
    memset(text, 'x', sizeof text);
    static const struct {
        unsigned field;
        size_t longest;
    } fields[] = {{2, BW_ID_LEN - 1}, {3, BW_NAME_LEN - 1}, {7, BW_ID_LEN - 1}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        put_window(&order, BW_ORDER_WEATHER, 1000, 2000);
        put_bytes(&order, fields[i].field, text, fields[i].longest);
        cr_expect_eq(decode_one(), 0, "field %u", fields[i].field);
        put_window(&order, BW_ORDER_WEATHER, 1000, 2000);
        put_bytes(&order, fields[i].field, text, fields[i].longest + 1);
        cr_expect_eq(decode_one(), -EBADMSG, "field %u", fields[i].field);
    }
}

Test(wire_orders, a_kind_of_a_later_version_is_left_out_and_the_others_stand)
{
    struct bw_orders back;
    put_head(&bundle);
    put_window(&order, 3, 2000, 1000); /* whatever it may mean there */
    put_line(&order, 8, BW_ORDER_POINTS_MAX + 1, 0);
    put_part(&bundle, 5, &order);
    put_window(&order, BW_ORDER_WEATHER, 1000, 2000);
    put_line(&order, 8, BW_ORDER_POINTS_MAX, BW_ORDER_POINTS_MAX);
    put_part(&bundle, 5, &order);
    cr_assert_eq(wire_orders_decode(bundle.data, bundle.len, &back), 0);
    cr_assert_eq(back.n_orders, 1U);
    cr_expect_eq(back.orders[0].kind, BW_ORDER_WEATHER);
    wire_orders_free(&back);
}

Test(wire_orders, a_field_of_a_later_version_is_passed_over)
{
    put_window(&order, BW_ORDER_WEATHER, 1000, 2000);
    put_number(&order, 99, 1);
    cr_expect_eq(decode_one(), 0);
}

Test(wire_orders, no_version_is_no_message)
{
    static const uint64_t bad[] = {0, (uint64_t)INT64_MAX + 1};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bw_orders back;
        bundle.len = 0;
        put_number(&bundle, 3, bad[i]);
        cr_expect_eq(wire_orders_decode(bundle.data, bundle.len, &back), -EBADMSG);
    }
}

Test(wire_orders, more_than_may_be_is_refused)
{
    struct bw_orders back;
    put_head(&bundle);
    put_window(&order, BW_ORDER_WEATHER, 1000, 2000);
    for (size_t i = 0; i < BW_ORDERS_MAX; i++)
        put_part(&bundle, 5, &order);
    cr_assert_eq(wire_orders_decode(bundle.data, bundle.len, &back), 0);
    wire_orders_free(&back);
    put_part(&bundle, 5, &order);
    cr_expect_eq(wire_orders_decode(bundle.data, bundle.len, &back), -EBADMSG);
    cr_expect_eq(wire_orders_decode(bundle.data, WIRE_ORDERS_MAX + 1, &back), -EMSGSIZE);
}

Test(wire_orders, every_cut_is_refused_or_valid_and_nothing_leaks)
{
    const struct bw_orders orders = some_orders();
    struct wire_bytes bytes = encoded(&orders);
    struct bw_orders back;
    cr_assert_neq(bytes.len, 0U);
    for (size_t cut = 0; cut < bytes.len; cut++) {
        uint8_t *exact = malloc(cut > 0 ? cut : 1);
        memcpy(exact, bytes.data, cut);
        if (wire_orders_decode(exact, cut, &back) == 0)
            wire_orders_free(&back);
        free(exact);
    }
    unsigned seed = 99;
    for (unsigned round = 0; round < 20000; round++) {
        const size_t at = (size_t)rand_r(&seed) % bytes.len;
        const uint8_t was = bytes.data[at];
        bytes.data[at] = (uint8_t)rand_r(&seed);
        if (wire_orders_decode(bytes.data, bytes.len, &back) == 0)
            wire_orders_free(&back);
        bytes.data[at] = was;
    }
    wire_bytes_free(&bytes);
    wire_orders_free(NULL);
}
