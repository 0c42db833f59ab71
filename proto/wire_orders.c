/* Orders: what the bureau allows or demands for a time and an area. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "buswarden/v1/orders.pb-c.h"
#include "proto/wire_line.h"

enum { LIMIT_KMH_MAX = 200, AREA_VERTICES_MIN = 3 };

void wire_orders_free(struct bw_orders *orders)
{
    if (orders == NULL)
        return;
    for (size_t i = 0; i < orders->n_orders; i++)
        free(orders->orders[i].points);
    free(orders->orders);
    *orders = (struct bw_orders){0};
}

static bool window_valid(int64_t from_utc_ms, int64_t until_utc_ms)
{
    return wire_instant_valid(from_utc_ms) && wire_instant_valid(until_utc_ms) && from_utc_ms < until_utc_ms;
}

/* --- encoding --- */

static bool can_carry(const struct bw_order *order)
{
    return wire_within((int)order->kind, BW_ORDER_EXEMPTION, BW_ORDER_WEATHER) &&
           window_valid(order->from_utc_ms, order->until_utc_ms) && order->limit_kmh >= 0 &&
           order->limit_kmh <= LIMIT_KMH_MAX && order->n_routes <= BW_ORDER_ROUTES_MAX &&
           (order->n_points == 0 || order->n_points >= AREA_VERTICES_MIN) &&
           order->n_points <= BW_ORDER_POINTS_MAX && wire_points_valid(order->points, order->n_points);
}

static bool within_limits(const struct bw_orders *orders)
{
    size_t points = 0;
    if (orders->n_orders > BW_ORDERS_MAX || !wire_instant_valid(orders->issued_utc_ms))
        return false;
    for (size_t i = 0; i < orders->n_orders; i++) {
        if (!can_carry(&orders->orders[i]))
            return false;
        points += orders->orders[i].n_points;
    }
    return points <= BW_ORDER_POINTS_MAX;
}

static bool fill_order(struct wire_arena *arena, const struct bw_order *from, Buswarden__V1__Order *to)
{
    buswarden__v1__order__init(to);
    to->kind = (Buswarden__V1__OrderKind)from->kind;
    to->order_id = wire_text_view(from->order_id);
    to->reason = wire_text_view(from->reason);
    to->from_ms = from->from_utc_ms;
    to->until_ms = from->until_utc_ms;
    to->limit_kmh = (uint32_t)lround(from->limit_kmh);
    to->n_route_ids = from->n_routes;
    to->route_ids = wire_arena_take(arena, from->n_routes, sizeof *to->route_ids);
    if (to->route_ids == NULL)
        return false;
    for (size_t i = 0; i < from->n_routes; i++)
        to->route_ids[i] = wire_text_view(from->routes[i]);
    if (from->n_points == 0)
        return true;
    to->area = wire_arena_take(arena, 1, sizeof *to->area);
    return to->area != NULL && wire_line_fill(arena, from->points, from->n_points, to->area);
}

static bool fill_orders(struct wire_arena *arena, const struct bw_orders *from, Buswarden__V1__Orders *to)
{
    Buswarden__V1__Order *orders;
    if (!WIRE_TAKE_MESSAGES(arena, Buswarden__V1__Order, from->n_orders, orders, to->orders))
        return false;
    to->n_orders = from->n_orders;
    for (size_t i = 0; i < from->n_orders; i++) {
        to->orders[i] = &orders[i];
        if (!fill_order(arena, &from->orders[i], &orders[i]))
            return false;
    }
    return true;
}

int wire_orders_encode(const struct bw_orders *orders, struct wire_bytes *ret)
{
    if (!within_limits(orders))
        return -EINVAL;
    Buswarden__V1__Orders message = BUSWARDEN__V1__ORDERS__INIT;
    message.vehicle_id = wire_text_view(orders->vehicle_id);
    message.division = wire_text_view(orders->division);
    message.version = orders->version;
    message.issued_ms = orders->issued_utc_ms;
    struct wire_arena arena = {0};
    const int error =
        fill_orders(&arena, orders, &message) ? wire_pack(&message.base, WIRE_ORDERS_MAX, ret) : -ENOMEM;
    wire_arena_free(&arena);
    return error;
}

/* --- decoding --- */

static bool known(const Buswarden__V1__Order *order)
{
    return wire_within((int)order->kind, BW_ORDER_EXEMPTION, BW_ORDER_WEATHER);
}

/* The bounds of all orders, before anything is allocated for them. */
static bool bounded(const Buswarden__V1__Orders *from)
{
    size_t points = 0;
    if (from->n_orders > BW_ORDERS_MAX)
        return false;
    for (size_t i = 0; i < from->n_orders; i++) {
        const Buswarden__V1__Order *order = from->orders[i];
        if (!known(order))
            continue;
        const size_t n = order->area != NULL ? order->area->n_lat_e7 : 0;
        points += n;
        if (order->n_route_ids > BW_ORDER_ROUTES_MAX || points > BW_ORDER_POINTS_MAX ||
            (order->area != NULL && n < AREA_VERTICES_MIN))
            return false;
    }
    return true;
}

/* Memory taken on the way belongs to *ret even on failure. */
static int take_order(const Buswarden__V1__Order *from, struct bw_order *ret)
{
    if (!window_valid(from->from_ms, from->until_ms) || from->limit_kmh > LIMIT_KMH_MAX ||
        !wire_take_text(from->order_id, ret->order_id, sizeof ret->order_id) ||
        !wire_take_text(from->reason, ret->reason, sizeof ret->reason))
        return -EBADMSG;
    ret->kind = (enum bw_order_kind)from->kind;
    ret->from_utc_ms = from->from_ms;
    ret->until_utc_ms = from->until_ms;
    ret->limit_kmh = from->limit_kmh;
    for (size_t i = 0; i < from->n_route_ids; i++)
        if (!wire_take_text(from->route_ids[i], ret->routes[ret->n_routes++], BW_ID_LEN))
            return -EBADMSG;
    if (from->area == NULL)
        return 0;
    ret->n_points = from->area->n_lat_e7;
    ret->points = calloc(ret->n_points, sizeof *ret->points);
    if (ret->points == NULL)
        return -ENOMEM;
    return wire_line_take(from->area, ret->points) ? 0 : -EBADMSG;
}

static int take_orders(const Buswarden__V1__Orders *from, struct bw_orders *ret)
{
    if (!wire_take_text(from->vehicle_id, ret->vehicle_id, sizeof ret->vehicle_id) ||
        !wire_take_text(from->division, ret->division, sizeof ret->division) || from->version == 0 ||
        from->version > INT64_MAX || !wire_instant_valid(from->issued_ms) || !bounded(from))
        return -EBADMSG;
    ret->version = from->version;
    ret->issued_utc_ms = from->issued_ms;
    ret->orders = calloc(from->n_orders + 1, sizeof *ret->orders);
    if (ret->orders == NULL)
        return -ENOMEM;
    int error = 0;
    for (size_t i = 0; i < from->n_orders && error == 0; i++)
        if (known(from->orders[i]))
            error = take_order(from->orders[i], &ret->orders[ret->n_orders++]);
    return error;
}

int wire_orders_decode(const uint8_t *data, size_t len, struct bw_orders *ret)
{
    ProtobufCMessage *base;
    int error = wire_unpack(&buswarden__v1__orders__descriptor, data, len, WIRE_ORDERS_MAX,
                            WIRE_ORDERS_BUDGET, &base);
    if (error != 0)
        return error;
    struct bw_orders orders = {0};
    error = take_orders((const Buswarden__V1__Orders *)base, &orders);
    wire_release(base);
    if (error != 0)
        wire_orders_free(&orders);
    else
        *ret = orders;
    return error;
}
