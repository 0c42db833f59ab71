/* The registry in the store: written as a whole, read as a whole. */
#include "bureau/registry/rows.h"
#include "bureau/store/sql.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- geometry: blobs, little-endian on every machine --- */

enum { LIMIT_DOUBLES = 4 }; /* from_m, to_m, limit_kmh, motorway */
_Static_assert(sizeof(struct bw_point) == 2 * sizeof(double), "a point is two doubles");

static void swap_doubles(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, (const char *)from + i * sizeof(bits), sizeof(bits));
        bits = htole64(bits); /* its own inverse */
        memcpy((char *)to + i * sizeof(bits), &bits, sizeof(bits));
    }
}

static void swap_points(void *to, const void *from, size_t n_points)
{
    swap_doubles(to, from, 2 * n_points);
}

static void swap_parts(uint32_t *to, const uint32_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = htole32(from[i]);
}

/* --- write --- */

static int put_school(struct store *store, const void *row)
{
    const struct registry_school *school = row;
    struct sql q;
    sql_start(&q, store, "INSERT INTO school (school_id, name, division, township) VALUES (?, ?, ?, ?)");
    sql_text(&q, school->school_id);
    sql_text(&q, school->name);
    sql_text(&q, school->division);
    sql_text(&q, school->township);
    return sql_run(&q);
}

static int put_vehicle(struct store *store, const void *row)
{
    const struct registry_vehicle *vehicle = row;
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO vehicle (vehicle_id, plate, plate_color, school_id, vehicle_class, seats,"
              " approved_capacity, inspected_until_day, scrapped_day) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql_text(&q, vehicle->vehicle_id);
    sql_text(&q, vehicle->plate);
    sql_text(&q, vehicle->plate_color);
    sql_text(&q, vehicle->school_id);
    sql_int(&q, vehicle->vehicle_class);
    sql_int(&q, vehicle->seats);
    sql_int(&q, vehicle->approved_capacity);
    sql_int(&q, vehicle->inspected_until_day);
    sql_int(&q, vehicle->scrapped_day);
    return sql_run(&q);
}

static int put_driver(struct store *store, const void *row)
{
    const struct registry_driver *driver = row;
    struct sql q;
    sql_start(&q, store, "INSERT INTO driver (driver_id, name, qualified_until_day) VALUES (?, ?, ?)");
    sql_text(&q, driver->driver_id);
    sql_text(&q, driver->name);
    sql_int(&q, driver->qualified_until_day);
    return sql_run(&q);
}

/* The limits as doubles; malloc'd, or NULL. */
static double *flat_limits(const struct bw_route *route)
{
    double *flat = malloc((route->n_limits + 1) * LIMIT_DOUBLES * sizeof(*flat));
    for (size_t i = 0; flat != NULL && i < route->n_limits; i++) {
        const struct bw_limit *limit = &route->limits[i];
        const double four[LIMIT_DOUBLES] = {limit->from_m, limit->to_m, limit->limit_kmh, limit->motorway};
        swap_doubles(flat + i * LIMIT_DOUBLES, four, LIMIT_DOUBLES);
    }
    return flat;
}

static int put_route(struct store *store, const void *row)
{
    const struct bw_route *route = row;
    const size_t points_size = route->n_points * sizeof(*route->points);
    const size_t parts_size = (route->n_parts + 1) * sizeof(*route->part_start);
    void *points = malloc(points_size + 1);
    uint32_t *parts = malloc(parts_size);
    double *limits = flat_limits(route);
    int err = points && parts && limits ? 0 : sql_fail(store, -ENOMEM, "out of memory");
    if (err == 0) {
        struct sql q;
        swap_points(points, route->points, route->n_points);
        swap_parts(parts, route->part_start, route->n_parts + 1);
        sql_start(&q, store,
                  "INSERT INTO route (route_id, name, half_width_m, speed_limit_kmh, points, part_start,"
                  " limits) VALUES (?, ?, ?, ?, ?, ?, ?)");
        sql_text(&q, route->route_id);
        sql_text(&q, route->name);
        sql_real(&q, route->half_width_m);
        sql_real(&q, route->speed_limit_kmh);
        sql_blob(&q, points, points_size);
        sql_blob(&q, parts, parts_size);
        sql_blob(&q, limits, route->n_limits * LIMIT_DOUBLES * sizeof(*limits));
        err = sql_run(&q);
    }
    free(points);
    free(parts);
    free(limits);
    return err;
}

static int put_order(struct store *store, const void *row)
{
    const struct bw_order *order = row;
    char routes[BW_ORDER_ROUTES_MAX * BW_ID_LEN + 1] = "";
    void *area = malloc((order->n_points + 1) * sizeof(*order->points));
    struct sql q;
    if (area == NULL)
        return sql_fail(store, -ENOMEM, "out of memory");
    swap_points(area, order->points, order->n_points);
    for (size_t i = 0, len = 0; i < order->n_routes; i++)
        len += (size_t)snprintf(routes + len, sizeof(routes) - len, "%s\n", order->routes[i]);
    sql_start(&q, store,
              "INSERT INTO road_order (order_id, kind, reason, from_utc_ms, until_utc_ms, limit_kmh, routes,"
              " area) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    sql_text(&q, order->order_id);
    sql_int(&q, order->kind);
    sql_text(&q, order->reason);
    sql_int(&q, order->from_utc_ms);
    sql_int(&q, order->until_utc_ms);
    sql_real(&q, order->limit_kmh);
    sql_text(&q, routes);
    sql_blob(&q, area, order->n_points * sizeof(*order->points));
    const int err = sql_run(&q);
    free(area);
    return err;
}

static int put_stop(struct store *store, const void *row)
{
    const struct bw_stop *stop = row;
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO stop (stop_id, name, route_id, sequence, lat_deg, lon_deg, radius_m)"
              " VALUES (?, ?, ?, ?, ?, ?, ?)");
    sql_text(&q, stop->stop_id);
    sql_text(&q, stop->name);
    sql_text(&q, stop->route_id);
    sql_int(&q, stop->sequence);
    sql_real(&q, stop->lat_deg);
    sql_real(&q, stop->lon_deg);
    sql_real(&q, stop->radius_m);
    return sql_run(&q);
}

static int put_permit(struct store *store, const void *row)
{
    const struct registry_permit *permit = row;
    struct sql q;
    sql_start(
        &q, store,
        "INSERT INTO permit (permit_no, vehicle_id, driver_id, route_id, weekdays, window_start_min,"
        " window_end_min, valid_from_day, valid_until_day, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql_text(&q, permit->permit.permit_no);
    sql_text(&q, permit->vehicle_id);
    if (permit->permit.driver_id[0] != '\0')
        sql_text(&q, permit->permit.driver_id);
    else
        sql_null(&q);
    sql_text(&q, permit->permit.route_id);
    sql_int(&q, permit->permit.weekdays);
    sql_int(&q, permit->permit.window_start_min);
    sql_int(&q, permit->permit.window_end_min);
    sql_int(&q, permit->permit.valid_from_day);
    sql_int(&q, permit->permit.valid_until_day);
    sql_int(&q, permit->permit.status);
    return sql_run(&q);
}

static int put_service(struct store *store, const void *row)
{
    const struct registry_service *service = row;
    uint32_t *days = malloc((service->n_days + 1) * sizeof(*days));
    struct sql q;
    if (days == NULL)
        return sql_fail(store, -ENOMEM, "out of memory");
    for (size_t i = 0; i < service->n_days; i++)
        days[i] = htole32((uint32_t)service->days[i]);
    sql_start(&q, store,
              "INSERT INTO route_service (route_id, service_id, feed_route_id, weekdays, from_day, until_day,"
              " start_min, end_min, n_trips, days) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql_text(&q, service->route_id);
    sql_text(&q, service->service_id);
    sql_text(&q, service->feed_route_id);
    sql_int(&q, service->weekdays);
    sql_int(&q, service->from_day);
    sql_int(&q, service->until_day);
    sql_int(&q, service->start_min);
    sql_int(&q, service->end_min);
    sql_int(&q, service->n_trips);
    sql_blob(&q, days, service->n_days * sizeof(*days));
    const int err = sql_run(&q);
    free(days);
    return err;
}

int sql_registry_put(struct store *store, enum registry_table table, const void *row)
{
    static int (*const put[REGISTRY_TABLES])(struct store * store, const void *row) = {
        [REGISTRY_SCHOOLS] = put_school, [REGISTRY_VEHICLES] = put_vehicle, [REGISTRY_DRIVERS] = put_driver,
        [REGISTRY_PERMITS] = put_permit, [REGISTRY_ROUTES] = put_route,     [REGISTRY_STOPS] = put_stop,
        [REGISTRY_ORDERS] = put_order,   [REGISTRY_SERVICES] = put_service,
    };
    return put[table](store, row);
}

static int put_all(struct store *store, const struct registry *registry)
{
    static const enum registry_table by_reference[] = {REGISTRY_SCHOOLS, REGISTRY_VEHICLES, REGISTRY_DRIVERS,
                                                       REGISTRY_ROUTES,  REGISTRY_STOPS,    REGISTRY_PERMITS,
                                                       REGISTRY_ORDERS,  REGISTRY_SERVICES};
    for (size_t i = 0; i < sizeof(by_reference) / sizeof(by_reference[0]); i++) {
        size_t n, row_size;
        const char *rows = registry_rows(registry, by_reference[i], &n, &row_size);
        for (size_t k = 0; k < n; k++) {
            const int err = sql_registry_put(store, by_reference[i], rows + k * row_size);
            if (err < 0)
                return err;
        }
    }
    return 0;
}

int store_registry_replace(struct store *store, const struct registry *registry)
{
    struct sql_whole whole;
    int err = sql_whole_begin(store, &whole);
    if (err < 0)
        return err;
    err = sql_exec(store, "DELETE FROM route_service; DELETE FROM permit; DELETE FROM stop; DELETE FROM "
                          "route; DELETE FROM driver;"
                          " DELETE FROM vehicle; DELETE FROM school; DELETE FROM road_order");
    if (err == 0)
        err = put_all(store, registry);
    return sql_whole_end(&whole, err);
}

/* --- read --- */

static int get_school(struct sql *q, void *row)
{
    struct registry_school *school = row;
    sql_copy_text(q, 0, school->school_id, sizeof(school->school_id));
    sql_copy_text(q, 1, school->name, sizeof(school->name));
    sql_copy_text(q, 2, school->division, sizeof(school->division));
    sql_copy_text(q, 3, school->township, sizeof(school->township));
    return q->err;
}

static int get_vehicle(struct sql *q, void *row)
{
    struct registry_vehicle *vehicle = row;
    vehicle->vehicle_class = (enum bw_vehicle_class)sql_int_at(q, 4);
    vehicle->seats = (uint16_t)sql_int_at(q, 5);
    vehicle->approved_capacity = (uint16_t)sql_int_at(q, 6);
    vehicle->inspected_until_day = (int32_t)sql_int_at(q, 7);
    vehicle->scrapped_day = (int32_t)sql_int_at(q, 8);
    sql_copy_text(q, 0, vehicle->vehicle_id, sizeof(vehicle->vehicle_id));
    sql_copy_text(q, 1, vehicle->plate, sizeof(vehicle->plate));
    sql_copy_text(q, 2, vehicle->plate_color, sizeof(vehicle->plate_color));
    sql_copy_text(q, 3, vehicle->school_id, sizeof(vehicle->school_id));
    return q->err;
}

static int get_driver(struct sql *q, void *row)
{
    struct registry_driver *driver = row;
    driver->qualified_until_day = (int32_t)sql_int_at(q, 2);
    sql_copy_text(q, 0, driver->driver_id, sizeof(driver->driver_id));
    sql_copy_text(q, 1, driver->name, sizeof(driver->name));
    return q->err;
}

static int get_limits(struct sql *q, int column, struct bw_route *route)
{
    size_t size = 0;
    const void *flat = sql_blob_at(q, column, &size);
    const size_t n = size / (LIMIT_DOUBLES * sizeof(double));
    if (size % (LIMIT_DOUBLES * sizeof(double)) != 0)
        return sql_fail(q->store, -EBADMSG, "the store holds limits of a wrong length");
    route->limits = calloc(n + 1, sizeof(*route->limits));
    if (route->limits == NULL)
        return sql_fail(q->store, -ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        double four[LIMIT_DOUBLES];
        swap_doubles(four, (const char *)flat + i * sizeof(four), LIMIT_DOUBLES);
        route->limits[route->n_limits++] = (struct bw_limit){
            .from_m = four[0], .to_m = four[1], .limit_kmh = four[2], .motorway = four[3] != 0};
    }
    return 0;
}

static int get_route(struct sql *q, void *row)
{
    struct bw_route *route = row;
    uint8_t *points = NULL, *parts = NULL;
    size_t points_size = 0, parts_size = 0;
    route->half_width_m = sql_real_at(q, 2);
    route->speed_limit_kmh = sql_real_at(q, 3);
    sql_copy_text(q, 0, route->route_id, sizeof(route->route_id));
    sql_copy_text(q, 1, route->name, sizeof(route->name));
    int err = q->err < 0 ? q->err : sql_take_blob(q, 4, &points, &points_size);
    if (err == 0)
        err = sql_take_blob(q, 5, &parts, &parts_size);
    if (err < 0) {
        free(points);
        return err;
    }
    /* malloc'd memory is aligned for any type */
    route->points = (struct bw_point *)(void *)points;
    route->part_start = (uint32_t *)(void *)parts;
    route->n_points = points_size / sizeof(*route->points);
    const size_t n_starts = parts_size / sizeof(*route->part_start);
    swap_points(route->points, route->points, route->n_points);
    swap_parts(route->part_start, route->part_start, n_starts);
    if (n_starts < 2 || route->part_start[n_starts - 1] != route->n_points)
        return sql_fail(q->store, -EBADMSG, "the store holds a route whose parts do not add up");
    route->n_parts = n_starts - 1;
    return get_limits(q, 6, route);
}

static int get_order(struct sql *q, void *row)
{
    struct bw_order *order = row;
    uint8_t *area = NULL;
    size_t size = 0;
    order->kind = (enum bw_order_kind)sql_int_at(q, 1);
    order->from_utc_ms = sql_int_at(q, 3);
    order->until_utc_ms = sql_int_at(q, 4);
    order->limit_kmh = sql_real_at(q, 5);
    sql_copy_text(q, 0, order->order_id, sizeof(order->order_id));
    sql_copy_text(q, 2, order->reason, sizeof(order->reason));
    for (const char *at = sql_text_at(q, 6); *at != '\0' && order->n_routes < BW_ORDER_ROUTES_MAX;) {
        const size_t len = strcspn(at, "\n");
        if (len >= BW_ID_LEN)
            return sql_fail(q->store, -EBADMSG, "the store holds a text that is too long");
        memcpy(order->routes[order->n_routes++], at, len); /* the row was zeroed */
        at += len + (at[len] == '\n');
    }
    const int err = q->err < 0 ? q->err : sql_take_blob(q, 7, &area, &size);
    if (err < 0)
        return err;
    order->points = (struct bw_point *)(void *)area; /* malloc'd memory is aligned for any type */
    order->n_points = size / sizeof(*order->points);
    swap_points(order->points, order->points, order->n_points);
    return 0;
}

static int get_stop(struct sql *q, void *row)
{
    struct bw_stop *stop = row;
    stop->sequence = (uint32_t)sql_int_at(q, 3);
    stop->lat_deg = sql_real_at(q, 4);
    stop->lon_deg = sql_real_at(q, 5);
    stop->radius_m = sql_real_at(q, 6);
    sql_copy_text(q, 0, stop->stop_id, sizeof(stop->stop_id));
    sql_copy_text(q, 1, stop->name, sizeof(stop->name));
    sql_copy_text(q, 2, stop->route_id, sizeof(stop->route_id));
    return q->err;
}

static int get_permit(struct sql *q, void *row)
{
    struct registry_permit *permit = row;
    permit->permit.weekdays = (uint8_t)sql_int_at(q, 4);
    permit->permit.window_start_min = (uint16_t)sql_int_at(q, 5);
    permit->permit.window_end_min = (uint16_t)sql_int_at(q, 6);
    permit->permit.valid_from_day = (int32_t)sql_int_at(q, 7);
    permit->permit.valid_until_day = (int32_t)sql_int_at(q, 8);
    permit->permit.status = (enum bw_permit_status)sql_int_at(q, 9);
    sql_copy_text(q, 0, permit->permit.permit_no, sizeof(permit->permit.permit_no));
    sql_copy_text(q, 1, permit->vehicle_id, sizeof(permit->vehicle_id));
    sql_copy_text(q, 2, permit->permit.driver_id, sizeof(permit->permit.driver_id));
    sql_copy_text(q, 3, permit->permit.route_id, sizeof(permit->permit.route_id));
    return q->err;
}

static int get_service(struct sql *q, void *row)
{
    struct registry_service *service = row;
    uint8_t *days = NULL;
    size_t size = 0;
    service->weekdays = (uint8_t)sql_int_at(q, 3);
    service->from_day = (int32_t)sql_int_at(q, 4);
    service->until_day = (int32_t)sql_int_at(q, 5);
    service->start_min = (uint16_t)sql_int_at(q, 6);
    service->end_min = (uint16_t)sql_int_at(q, 7);
    service->n_trips = (uint32_t)sql_int_at(q, 8);
    sql_copy_text(q, 0, service->route_id, sizeof(service->route_id));
    sql_copy_text(q, 1, service->service_id, sizeof(service->service_id));
    sql_copy_text(q, 2, service->feed_route_id, sizeof(service->feed_route_id));
    const int err = q->err < 0 ? q->err : sql_take_blob(q, 9, &days, &size);
    if (err < 0)
        return err;
    service->days = (int32_t *)(void *)days; /* malloc'd memory is aligned for any type */
    service->n_days = size / sizeof(*service->days);
    for (size_t i = 0; i < service->n_days; i++)
        service->days[i] = (int32_t)le32toh((uint32_t)service->days[i]);
    return 0;
}

/* One list of the registry: `text` yields it in the order that registry.h promises, `get` fills one zeroed
 * row. */
struct list {
    const char *text;
    size_t row_size;
    int (*get)(struct sql *q, void *row);
};

struct list_rows {
    void *rows;
    size_t n;
};

/* What was read before a failure stays in ret, for registry_free(). */
static int read_list(struct store *store, const struct list *list, struct list_rows *ret)
{
    struct sql q;
    int err;
    sql_start(&q, store, list->text);
    while ((err = sql_row(&q)) == 1) {
        void *grown = rows_room(ret->rows, ret->n, 1, list->row_size);
        if (grown == NULL)
            return sql_end(&q, sql_fail(store, -ENOMEM, "out of memory"));
        ret->rows = grown;
        char *row = (char *)ret->rows + ret->n * list->row_size;
        memset(row, 0, list->row_size);
        ret->n++; /* before it is filled: a route that fails half-way is freed with the rest */
        err = list->get(&q, row);
        if (err < 0)
            break;
    }
    return sql_end(&q, err);
}

enum { SCHOOLS, VEHICLES, DRIVERS, ROUTES, STOPS, PERMITS, ORDERS, SERVICES, LIST_COUNT };
static const struct list LISTS[] = {
    [SCHOOLS] = {"SELECT school_id, name, division, township FROM school ORDER BY school_id",
                 sizeof(struct registry_school), get_school},
    [VEHICLES] = {"SELECT vehicle_id, plate, plate_color, school_id, vehicle_class, seats, approved_capacity,"
                  " inspected_until_day, scrapped_day FROM vehicle ORDER BY vehicle_id",
                  sizeof(struct registry_vehicle), get_vehicle},
    [DRIVERS] = {"SELECT driver_id, name, qualified_until_day FROM driver ORDER BY driver_id",
                 sizeof(struct registry_driver), get_driver},
    [ROUTES] = {"SELECT route_id, name, half_width_m, speed_limit_kmh, points, part_start, limits"
                " FROM route ORDER BY route_id",
                sizeof(struct bw_route), get_route},
    [STOPS] = {"SELECT stop_id, name, route_id, sequence, lat_deg, lon_deg, radius_m"
               " FROM stop ORDER BY route_id, sequence, stop_id",
               sizeof(struct bw_stop), get_stop},
    [PERMITS] = {"SELECT permit_no, vehicle_id, driver_id, route_id, weekdays, window_start_min,"
                 " window_end_min, valid_from_day, valid_until_day, status FROM permit"
                 " ORDER BY vehicle_id, permit_no",
                 sizeof(struct registry_permit), get_permit},
    [ORDERS] = {"SELECT order_id, kind, reason, from_utc_ms, until_utc_ms, limit_kmh, routes, area"
                " FROM road_order ORDER BY order_id",
                sizeof(struct bw_order), get_order},
    [SERVICES] = {"SELECT route_id, service_id, feed_route_id, weekdays, from_day, until_day, start_min,"
                  " end_min, n_trips, days FROM route_service ORDER BY route_id, service_id",
                  sizeof(struct registry_service), get_service},
};

static int read_lists(struct store *store, struct registry *registry)
{
    struct list_rows read[LIST_COUNT] = {{0}};
    int err = 0;
    for (int i = 0; err == 0 && i < LIST_COUNT; i++)
        err = read_list(store, &LISTS[i], &read[i]);
    *registry = (struct registry){
        .schools = read[SCHOOLS].rows,
        .n_schools = read[SCHOOLS].n,
        .vehicles = read[VEHICLES].rows,
        .n_vehicles = read[VEHICLES].n,
        .drivers = read[DRIVERS].rows,
        .n_drivers = read[DRIVERS].n,
        .routes = read[ROUTES].rows,
        .n_routes = read[ROUTES].n,
        .stops = read[STOPS].rows,
        .n_stops = read[STOPS].n,
        .permits = read[PERMITS].rows,
        .n_permits = read[PERMITS].n,
        .orders = read[ORDERS].rows,
        .n_orders = read[ORDERS].n,
        .services = read[SERVICES].rows,
        .n_services = read[SERVICES].n,
    };
    return err;
}

int store_registry_load(struct store *store, struct registry **ret)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    if (registry == NULL)
        return sql_fail(store, -ENOMEM, "out of memory");
    /* One snapshot over all tables; a savepoint, because the caller may be in a transaction. */
    int err = sql_exec(store, "SAVEPOINT registry");
    if (err == 0) {
        err = read_lists(store, registry);
        const int released = sql_exec(store, "RELEASE registry");
        err = err < 0 ? err : released;
    }
    if (err < 0) {
        registry_free(registry);
        return err;
    }
    *ret = registry;
    return 0;
}
