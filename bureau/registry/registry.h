/* The registry: schools, vehicles, drivers, permits, routes, stops and orders, as one validated whole in
 * memory.
 *
 * registry_load() reads a folder (docs/registry.md), checks every row of every file and lists every fault
 * with file, line and reason; it yields a registry only when there is none. Coordinates come out as WGS-84.
 */
#ifndef BUSWARDEN_REGISTRY_H
#define BUSWARDEN_REGISTRY_H

#include "proto/model.h"

struct registry_school {
    char school_id[BW_ID_LEN];
    char name[BW_NAME_LEN];
    char division[BW_DIVISION_LEN];
    char township[BW_NAME_LEN];
};

struct registry_vehicle {
    char vehicle_id[BW_ID_LEN];
    char plate[BW_PLATE_LEN]; /* normalised, plate.h */
    char plate_color[16];     /* yellow, blue, green, ... */
    char school_id[BW_ID_LEN];
    enum bw_vehicle_class vehicle_class;
    uint16_t seats, approved_capacity;
    int32_t inspected_until_day;
    int32_t scrapped_day; /* 0 = not scrapped */
};

struct registry_driver {
    char driver_id[BW_ID_LEN];
    char name[BW_NAME_LEN];
    int32_t qualified_until_day;
};

struct registry_permit {
    char vehicle_id[BW_ID_LEN];
    struct bw_permit permit;
};

/* When a route is driven: one service of the timetable that came with it. A route with a service belongs to
 * the feed that brought it (bureau/gtfs); the folder's routes have none. */
struct registry_service {
    char route_id[BW_ID_LEN];
    char service_id[BW_ID_LEN];
    char feed_route_id[BW_NAME_LEN]; /* as the feed calls the route */
    uint8_t weekdays;                /* bit 0 = Monday */
    int32_t from_day, until_day;     /* both inclusive */
    uint16_t start_min, end_min;     /* first departure, last arrival; beyond 1440: after midnight */
    uint32_t n_trips;                /* a day */
    size_t n_days;
    int32_t *days; /* exceptions in order of day: it runs on `day`, or does not on `-day` */
};

/* Each array is sorted by its id; permits by vehicle, then number; stops by route, sequence, then id;
 * services by route, then id. */
struct registry {
    size_t n_schools, n_vehicles, n_drivers, n_permits, n_routes, n_stops, n_orders, n_services;
    struct registry_school *schools;
    struct registry_vehicle *vehicles;
    struct registry_driver *drivers;
    struct registry_permit *permits;
    struct bw_route *routes;
    struct bw_stop *stops;
    struct bw_order *orders;
    struct registry_service *services;
};

enum registry_table {
    REGISTRY_SCHOOLS,
    REGISTRY_VEHICLES,
    REGISTRY_DRIVERS,
    REGISTRY_PERMITS,
    REGISTRY_ROUTES,
    REGISTRY_STOPS,
    REGISTRY_ORDERS,
    REGISTRY_SERVICES,
    REGISTRY_TABLES
};
/* "schools", "vehicles", ... */
const char *registry_table_name(enum registry_table table);
/* The rows of one table, as the arrays above. */
const void *registry_rows(const struct registry *registry, enum registry_table table, size_t *ret_n,
                          size_t *ret_row_size);

/* One fault of the input, ready to print as "file:line: reason". */
struct registry_fault {
    char file[64];
    unsigned line; /* 1-based; of GeoJSON, the feature's line; 0: no file's, a row that the registry has */
    char reason[256];
};
enum { REGISTRY_FAULTS_MAX = 1000 }; /* more are counted, not kept */
struct registry_faults {
    size_t n, dropped;
    struct registry_fault *list;
};
void registry_faults_free(struct registry_faults *faults);

/* 0, or -EINVAL with at least one fault (by file, then line), or -ENOMEM. registry_faults_free() it in any
 * case. */
int registry_load(const char *dir, struct registry **ret, struct registry_faults *ret_faults);
/* The same, and the routes that a feed brought to `base` stay, with their stops and services. */
int registry_load_over(const char *dir, const struct registry *base, struct registry **ret,
                       struct registry_faults *ret_faults);
void registry_free(struct registry *registry);
void registry_route_free(struct bw_route *route); /* what it points at */

/* What a feed brings: `feed` has routes, stops and services alone. They take the place of all that an earlier
 * feed brought, and of routes of the same id; the rest of `base` stays. keep_used: so do routes of an earlier
 * feed that a permit or an order names and that this one no longer has; without it they are faults. 0,
 * -EINVAL, -ENOMEM as registry_load(). */
int registry_merge_feed(const struct registry *base, const struct registry *feed, bool keep_used,
                        struct registry **ret, struct registry_faults *ret_faults);
/* True if keep_used would keep a route. */
bool registry_merge_drops_used(const struct registry *base, const struct registry *feed);
/* True if a feed brought that route. */
bool registry_is_of_feed(const struct registry *registry, const char *route_id);

const struct registry_vehicle *registry_vehicle(const struct registry *registry, const char *vehicle_id);
const struct registry_vehicle *registry_plate(const struct registry *registry, const char *normalised_plate);
const struct registry_school *registry_school(const struct registry *registry, const char *school_id);
/* A vehicle of that school has a permit, whatever its state, for that route. */
bool registry_school_drives(const struct registry *registry, const char *school_id, const char *route_id);
const struct bw_route *registry_route(const struct registry *registry, const char *route_id);
/* The permits of one vehicle, one after another; NULL when it has none. */
const struct registry_permit *registry_permits(const struct registry *registry, const char *vehicle_id,
                                               size_t *ret_n);

enum {
    REGISTRY_UTC_OFFSET_MIN = 480
}; /* school timetables are local: Asia/Shanghai, without daylight saving */

/* The licence of one vehicle: its permits, their drivers, routes and stops. `ret` is released by
 * wire_licence_free(). -ENOENT: no such vehicle; -E2BIG: over a limit of model.h. */
int registry_licence(const struct registry *registry, const char *vehicle_id, uint64_t version,
                     int64_t issued_utc_ms, struct bw_licence *ret);

/* The orders that concern one vehicle, ended ones too: those of every route, and those of a route that it has
 * a permit for. Released by wire_orders_free(). -ENOENT, -E2BIG as above. */
int registry_orders(const struct registry *registry, const char *vehicle_id, uint64_t version,
                    int64_t issued_utc_ms, struct bw_orders *ret);

/* Ids that others have at the broker: a vehicle of that id would stand in their topics or be taken for them.
 * No registry that is loaded has one, but a store may be older than this rule. NULL after the last. */
const char *registry_taken_id(size_t i);
bool registry_is_taken_id(const char *vehicle_id);

/* The roadside question, by the registry alone (no live data). */
enum registry_verdict {
    REGISTRY_UNKNOWN,   /* no such plate */
    REGISTRY_LICENSED,  /* an active permit covers this day */
    REGISTRY_EXPIRED,   /* the last permit ended, or the first has not begun */
    REGISTRY_SUSPENDED, /* in date but suspended or revoked */
    REGISTRY_NO_PERMIT, /* registered vehicle without any permit, or scrapped, or inspection overdue */
};
struct registry_answer {
    enum registry_verdict verdict;
    const struct registry_vehicle *vehicle; /* NULL when unknown */
    const struct registry_permit *permit;   /* the one that decides; NULL when none */
    bool in_window;                         /* weekday and hour are those of the permit */
};
void registry_check_plate(const struct registry *registry, const char *normalised_plate, int64_t now_utc_ms,
                          struct registry_answer *ret);

#endif
