#include "bureau/registry/ordersfile.h"

#include "bureau/registry/geojson.h"
#include "bureau/registry/orderkind.h"
#include "bureau/registry/tables.h"
#include "bureau/registry/textfile.h"
#include "proto/utc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct geojson_number LIMIT = {"limit_kmh", 5, 80, NAN, true};

static bool is_given(const json_t *value)
{
    return value != NULL && !json_is_null(value);
}

static void read_kind(const struct geojson *reader, const json_t *properties, struct bw_order *order)
{
    const char *name = json_string_value(json_object_get(properties, "kind"));
    const struct orderkind *kind = name != NULL ? orderkind_find(name) : NULL;
    if (kind == NULL) {
        geojson_fault(reader, "kind must be EXEMPTION, FOG, RAIN, SNOW, ICE, DUST, HAIL, MUD or WEATHER");
        return;
    }
    order->kind = kind->kind;
    if (kind->reason != NULL && !is_given(json_object_get(properties, "reason")))
        (void)snprintf(order->reason, sizeof(order->reason), "%s", kind->reason);
    else
        geojson_text(reader, properties, "reason", order->reason, sizeof(order->reason));
}

/* YYYY-MM-DDTHH:MM, local. */
static bool parse_local(const char *text, int64_t *ret_utc_ms)
{
    enum { DAY_LEN = 10 };
    char day_text[DAY_LEN + 1];
    int32_t day;
    uint16_t minute;
    if (text == NULL || strlen(text) < DAY_LEN || text[DAY_LEN] != 'T')
        return false;
    memcpy(day_text, text, DAY_LEN);
    day_text[DAY_LEN] = '\0';
    if (utc_day_parse(day_text, &day) < 0 || day <= 0 ||
        tables_minute(text + DAY_LEN + 1, &minute, sizeof(minute)) != NULL)
        return false;
    *ret_utc_ms = day * UTC_MS_PER_DAY + (minute - REGISTRY_UTC_OFFSET_MIN) * INT64_C(60000);
    return true;
}

static bool read_instant(const struct geojson *reader, const json_t *properties, const char *name,
                         int64_t *ret_utc_ms)
{
    char text[96];
    if (parse_local(json_string_value(json_object_get(properties, name)), ret_utc_ms))
        return true;
    (void)snprintf(text, sizeof(text), "%s must be a local time (YYYY-MM-DDTHH:MM)", name);
    geojson_fault(reader, text);
    return false;
}

static void read_window(const struct geojson *reader, const json_t *properties, struct bw_order *order)
{
    const bool from = read_instant(reader, properties, "from", &order->from_utc_ms);
    const bool until = read_instant(reader, properties, "until", &order->until_utc_ms);
    if (from && until && order->from_utc_ms >= order->until_utc_ms)
        geojson_fault(reader, "until must be after from");
}

static void read_limit(const struct geojson *reader, const json_t *properties, struct bw_order *order)
{
    if (!is_given(json_object_get(properties, LIMIT.name)))
        return; /* the law's */
    if (order->kind == BW_ORDER_EXEMPTION)
        geojson_fault(reader, "limit_kmh is for weather, not for an exemption");
    else
        geojson_number(reader, properties, &LIMIT, &order->limit_kmh);
}

static bool names_route(const struct bw_order *order, const char *route_id)
{
    for (size_t i = 0; i < order->n_routes; i++)
        if (strcmp(order->routes[i], route_id) == 0)
            return true;
    return false;
}

static void read_routes(struct geojson *reader, const json_t *properties, struct bw_order *order)
{
    size_t i;
    const json_t *routes = json_object_get(properties, "routes"), *route;
    if (!is_given(routes))
        return; /* every route */
    const size_t n = json_array_size(routes);
    if (!json_is_array(routes) || n < 1 || n > BW_ORDER_ROUTES_MAX) {
        geojson_fault(reader, "routes must be 1 to 16 route ids; leave it out for every route");
        return;
    }
    json_array_foreach(routes, i, route)
    {
        (void)snprintf(reader->part, sizeof(reader->part), "routes[%zu]: ", i);
        const char *reason = geojson_text_fault(route, BW_ID_LEN);
        if (reason == NULL && names_route(order, json_string_value(route)))
            reason = "is named already";
        if (reason != NULL)
            geojson_fault(reader, reason);
        else
            memcpy(order->routes[order->n_routes++], json_string_value(route), json_string_length(route) + 1);
    }
    reader->part[0] = '\0';
}

/* --- the area --- */

/* Twice the area of the triangle a, b, c in square degrees; positive when c lies left of a to b. */
static double turn(const struct bw_point *a, const struct bw_point *b, const struct bw_point *c)
{
    return (b->lon_deg - a->lon_deg) * (c->lat_deg - a->lat_deg) -
           (b->lat_deg - a->lat_deg) * (c->lon_deg - a->lon_deg);
}

/* The lines a to b and c to d cross, not only touch. */
static bool cross(const struct bw_point *a, const struct bw_point *b, const struct bw_point *c,
                  const struct bw_point *d)
{
    return turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
}

static const char *ring_fault(const struct bw_point *ring, size_t n)
{
    double area = 0;
    for (size_t i = 0; i < n; i++) {
        const struct bw_point *a = &ring[i], *b = &ring[(i + 1) % n];
        area += turn(&ring[0], a, b);
        for (size_t k = i + 2; k < n; k++)
            if (cross(a, b, &ring[k], &ring[(k + 1) % n]))
                return "the ring crosses itself";
    }
    return area == 0 ? "the ring has no area" : NULL;
}

/* GeoJSON repeats the first position at the end; we do not. */
static int read_ring(const struct geojson *reader, const json_t *ring, struct bw_order *order)
{
    const size_t n = json_array_size(ring);
    if (n < 4 || n - 1 > BW_ORDER_POINTS_MAX) {
        geojson_fault(reader, "the ring must have 4 to 2049 positions, the last being the first again");
        return 0;
    }
    order->points = calloc(n, sizeof(*order->points));
    if (order->points == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (!geojson_point(reader, json_array_get(ring, i), &order->points[i]))
            return 0;
    order->n_points = n - 1;
    const struct bw_point *first = &order->points[0], *last = &order->points[n - 1];
    const char *reason = first->lat_deg != last->lat_deg || first->lon_deg != last->lon_deg
                             ? "the ring must end where it begins"
                             : ring_fault(order->points, order->n_points);
    if (reason != NULL)
        geojson_fault(reader, reason);
    return 0;
}

static int read_area(const struct geojson *reader, const struct geojson_feature *feature,
                     struct bw_order *order)
{
    if (feature->is_nowhere)
        return 0; /* everywhere */
    if (feature->type == NULL || strcmp(feature->type, "Polygon") != 0)
        geojson_fault(reader, "the geometry must be a Polygon, or null for everywhere");
    else if (json_array_size(feature->coordinates) > 1)
        geojson_fault(reader, "an area has no holes: draw it as one ring, or as two orders");
    else
        return read_ring(reader, json_array_get(feature->coordinates, 0), order);
    return 0;
}

/* --- the file --- */

static int read_order(struct geojson *reader, const struct geojson_feature *feature, void *context)
{
    struct bw_order order = {0};
    const json_t *properties = feature->properties;
    if (geojson_text(reader, properties, "order_id", order.order_id, sizeof(order.order_id)))
        memcpy(reader->subject, order.order_id, sizeof(reader->subject));
    read_kind(reader, properties, &order);
    read_window(reader, properties, &order);
    read_limit(reader, properties, &order);
    read_routes(reader, properties, &order);
    int err = read_area(reader, feature, &order);
    if (err == 0)
        err = rows_add(context, &order, reader->line);
    if (err < 0)
        free(order.points);
    return err;
}

int ordersfile_read(const char *dir, struct registry_faults *faults, struct rows *ret_orders)
{
    ret_orders->file = ORDERS_FILE;
    return textfile_exists(dir, ORDERS_FILE) ? geojson_read(dir, ORDERS_FILE, faults, read_order, ret_orders)
                                             : 0;
}

int ordersfile_read_json(const json_t *root, const char *file, struct registry_faults *faults,
                         struct rows *ret_orders)
{
    return geojson_read_json(root, file, faults, read_order, ret_orders);
}
