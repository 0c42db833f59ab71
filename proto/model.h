/* The words that the vehicle and the bureau share, as plain C structs: no code, no wire format, no
 * allocation.
 *
 * Instants are milliseconds since 1970-01-01T00:00:00Z (`_utc_ms`; 0 = unknown). Days are days since
 * 1970-01-01 in the licence's local time (`_day`). Coordinates are WGS-84 degrees. Strings are UTF-8,
 * NUL-terminated. */
#ifndef BUSWARDEN_MODEL_H
#define BUSWARDEN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BW_ID_LEN = 48,         /* vehicle, route, stop, permit, driver ids, with the NUL */
    BW_NAME_LEN = 128,      /* names for people, with the NUL */
    BW_PLATE_LEN = 32,      /* 浙J12345 is 9 bytes */
    BW_DIVISION_LEN = 16,   /* GB/T 2260 code, six digits */
    BW_STREAM_LEN = 8,      /* random id of an outbox file */
    BW_HASH_LEN = 16,       /* BLAKE2b-128 */
    BW_SIGNATURE_LEN = 64,  /* Ed25519 */
    BW_PUBLIC_KEY_LEN = 32, /* Ed25519 */
    BW_SECRET_KEY_LEN = 64, /* Ed25519, libsodium's seed and public key together */

    BW_ROUTES_MAX = 64,         /* in one licence */
    BW_PERMITS_MAX = 64,        /* in one licence */
    BW_DRIVERS_MAX = 64,        /* in one licence */
    BW_STOPS_MAX = 1024,        /* in one licence */
    BW_PARTS_MAX = 1024,        /* in one route */
    BW_POINTS_MAX = 400000,     /* in one licence */
    BW_LIMITS_MAX = 1024,       /* stretches with a speed limit of their own, in one licence */
    BW_ORDERS_MAX = 64,         /* in force for one vehicle */
    BW_ORDER_ROUTES_MAX = 16,   /* named by one order */
    BW_ORDER_POINTS_MAX = 2048, /* of all areas in one bundle of orders */
    BW_TRACK_FIXES_MAX = 120,   /* in one track batch */
    BW_TRIP_STOPS_MAX = 64,     /* in one trip */
};

enum bw_vehicle_class { BW_CLASS_UNKNOWN = 0, BW_CLASS_LARGE = 1, BW_CLASS_MEDIUM = 2, BW_CLASS_SMALL = 3 };

/* Alert kinds; the numbers are those of the wire (alert.proto). */
enum bw_kind {
    BW_KIND_UNSPECIFIED = 0,
    BW_OVERLOAD = 1,          /* Art. 34 */
    BW_OFF_ROUTE = 2,         /* Art. 30 */
    BW_OUT_OF_HOURS = 3,      /* Art. 14-16: times of the permit */
    BW_UNAPPROVED_STOP = 4,   /* Art. 32 */
    BW_UNLICENSED = 5,        /* Art. 14-18 */
    BW_OVERSPEED = 6,         /* Art. 35 */
    BW_UNBELTED = 7,          /* Art. 39 */
    BW_DOOR_OPEN_MOVING = 8,  /* Art. 39 */
    BW_CHILD_LEFT_BEHIND = 9, /* Art. 39 */
    BW_SENSOR_FAULT = 10,     /* Art. 21 */
    BW_TAMPER = 11,           /* Art. 21 */
    BW_KIND_COUNT
};

enum bw_phase { BW_PHASE_NONE = 0, BW_RAISED = 1, BW_UPDATED = 2, BW_CLEARED = 3 };

/* How grave. NOTICE is no accusation: e.g. off the route with nobody aboard (Art. 30 speaks of carrying
 * pupils). MINOR, SERIOUS, CRIMINAL are the overload bands (docs/rules.md; Art. 34; 刑法 133-1).
 */
enum bw_severity { BW_SEVERITY_NONE = 0, BW_NOTICE = 1, BW_MINOR = 2, BW_SERIOUS = 3, BW_CRIMINAL = 4 };

enum bw_quality { BW_QUALITY_UNKNOWN = 0, BW_QUALITY_DEGRADED = 1, BW_QUALITY_GOOD = 2 };

enum bw_tri { BW_UNKNOWN = 0, BW_NO = 1, BW_YES = 2 };

/* Persons aboard. With quality UNKNOWN the numbers mean nothing and are 0. Otherwise low <= count <= high:
 * what is certain, the best estimate, and what cannot be excluded. */
struct bw_occupancy {
    enum bw_quality quality;
    uint16_t low, count, high;
};

struct bw_position {
    double lat_deg, lon_deg;
    double accuracy_m; /* horizontal, as the receiver says (gpsd: 95 %); NaN when it does not */
};

/* Why UNLICENSED was raised. */
enum bw_unlicensed_reason {
    BW_UNLICENSED_NONE = 0,
    BW_NO_LICENCE = 1,         /* the gateway holds no licence at all */
    BW_NO_PERMIT = 2,          /* the licence carries no permit */
    BW_PERMIT_EXPIRED = 3,     /* the last permit ended */
    BW_PERMIT_NOT_YET = 4,     /* the first permit has not begun */
    BW_PERMIT_SUSPENDED = 5,   /* in date, but suspended or revoked */
    BW_WRONG_WEEKDAY = 6,      /* permits in force, none for this day of the week */
    BW_DRIVER_UNQUALIFIED = 7, /* of every permit in force today the driver is not, or no longer, qualified */
    BW_INSPECTION_EXPIRED = 8, /* Art. 20: the half-yearly inspection is overdue */
    BW_SCRAPPED = 9,           /* the vehicle was to be scrapped by this day */
};

/* Where the speed limit in force comes from. */
enum bw_limit_source {
    BW_LIMIT_NONE = 0,    /* one that only a later version knows */
    BW_LIMIT_LAW = 1,     /* Art. 35: 80 km/h on a motorway, 60 elsewhere */
    BW_LIMIT_ROUTE = 2,   /* licensed for the whole route */
    BW_LIMIT_STRETCH = 3, /* licensed for a stretch of it: sharp bend, steep or narrow road */
    BW_LIMIT_WEATHER = 4, /* a weather order */
};

/* What SENSOR_FAULT is about. */
enum bw_fault {
    BW_FAULT_NONE = 0,
    BW_FAULT_CABIN_SILENT = 1,  /* the vehicle drives and nobody knows how many are aboard */
    BW_FAULT_SEATS_UNKNOWN = 2, /* some seats are silent or make no sense */
    BW_FAULT_NO_FIX = 3,        /* the receiver gives no position while the vehicle is in use */
    BW_FAULT_COUNTER_DEAF = 4,  /* the seats change at stops, and no door counter counts */
};

/* What TAMPER is about. Signs that somebody works against the device; none says that pupils were carried
 * wrongly. */
enum bw_tamper {
    BW_TAMPER_NONE = 0,
    BW_TAMPER_POWER_CUT = 1,    /* main supply gone */
    BW_TAMPER_ANTENNA = 2,      /* antenna open or short */
    BW_TAMPER_JAMMED = 3,       /* no position while the wheels turn, for longer than any tunnel */
    BW_TAMPER_POSITION = 4,     /* positions jump as no vehicle can */
    BW_TAMPER_CLOCK = 5,        /* time went back */
    BW_TAMPER_SEATS_EMPTY = 6,  /* no seat says that anybody is there, and the doors counted many in */
    BW_TAMPER_SEATS_FROZEN = 7, /* the same seats are occupied through trip after trip */
};

struct bw_evidence_overload {
    uint16_t aboard;   /* the certain number (occupancy.low) at this phase */
    uint16_t peak;     /* highest certain number since raised */
    uint16_t capacity; /* approved capacity of the licence */
};

struct bw_evidence_off_route {
    char route_id[BW_ID_LEN];    /* nearest licensed route */
    float distance_m;            /* from its line, at this phase */
    float peak_distance_m;       /* since it was left */
    float half_width_m;          /* licensed corridor */
    uint32_t outside_ms;         /* time outside so far */
    int64_t left_utc_ms;         /* when the corridor's edge was crossed; 0 = never entered */
    bool entered;                /* false: the vehicle has not been on any licensed route since the start */
    char exempted_by[BW_ID_LEN]; /* Art. 30: the order that allows it; "" none */
};

struct bw_evidence_unlicensed {
    enum bw_unlicensed_reason reason;
    char permit_no[BW_ID_LEN]; /* of the permit nearest in time; "" when none */
    int32_t valid_until_day;   /* its last day; 0 when none */
};

/* Minutes are local minutes of the day. */
struct bw_evidence_out_of_hours {
    char permit_no[BW_ID_LEN]; /* of those in force today, the one whose window is nearest */
    uint16_t window_start_min, window_end_min;
    uint16_t local_min; /* at this phase */
};

struct bw_evidence_unapproved_stop {
    char stop_id[BW_ID_LEN];    /* the nearest approved one */
    float distance_m;           /* from it */
    float radius_m;             /* its own */
    uint16_t boarded, alighted; /* persons, for certain; both 0: the door stood open and nobody knows */
    uint32_t door_open_ms;
};

struct bw_evidence_overspeed {
    float speed_kmh, peak_kmh; /* at this phase; highest since raised */
    float limit_kmh;           /* in force at the peak's place and time */
    enum bw_limit_source source;
    bool motorway;
    char order_id[BW_ID_LEN]; /* of the weather order; "" none */
    uint32_t over_ms;         /* driven over the limit so far */
};

struct bw_evidence_unbelted {
    uint16_t unbelted; /* seated with an open belt, for certain, at this phase */
    uint16_t peak;
    float speed_kmh;
};

struct bw_evidence_door_open {
    float speed_kmh, peak_kmh;
    uint32_t open_ms; /* driven with an open door so far */
};

struct bw_evidence_left_behind {
    uint16_t aboard;     /* for certain */
    uint32_t waiting_ms; /* since the ignition was off with all doors closed */
    uint8_t level;       /* of the alarm in the vehicle: 1 buzzer, 2 horn, 3 horn and lights */
};

struct bw_evidence_sensor_fault {
    enum bw_fault fault;
    uint32_t for_ms;
    uint16_t seats_unknown; /* persons that the silent seats could hold: high - low */
};

struct bw_evidence_tamper {
    enum bw_tamper tamper;
    uint32_t for_ms;  /* CLOCK: how far back */
    float moved_m;    /* POSITION: the jump; JAMMED: driven by the wheels without a position */
    uint16_t persons; /* SEATS_EMPTY: aboard by the door counters, for certain */
};

/* One phase of one alert object. `number` counts alert objects 1, 2, 3... within a gateway's stream. */
struct bw_alert {
    enum bw_kind kind;
    enum bw_phase phase;
    enum bw_severity severity; /* peak so far */
    uint64_t number;
    int64_t time_utc_ms;   /* of this phase's event */
    int64_t raised_utc_ms; /* of the RAISED phase */
    bool has_position;
    struct bw_position position;
    struct bw_occupancy occupancy;
    uint64_t licence_version; /* judged under; 0 = none */
    union {
        struct bw_evidence_overload overload;
        struct bw_evidence_off_route off_route;
        struct bw_evidence_out_of_hours out_of_hours;
        struct bw_evidence_unapproved_stop unapproved_stop;
        struct bw_evidence_unlicensed unlicensed;
        struct bw_evidence_overspeed overspeed;
        struct bw_evidence_unbelted unbelted;
        struct bw_evidence_door_open door_open;
        struct bw_evidence_left_behind left_behind;
        struct bw_evidence_sensor_fault sensor_fault;
        struct bw_evidence_tamper tamper;
    } evidence; /* by kind */
};

struct bw_track_fix {
    int64_t utc_ms;
    double lat_deg, lon_deg;
    enum bw_quality quality; /* of the count */
    uint16_t aboard;
};

struct bw_track {
    size_t n;
    struct bw_track_fix fixes[BW_TRACK_FIXES_MAX];
};

/* The doors stood open on a trip. */
struct bw_trip_stop {
    char stop_id[BW_ID_LEN]; /* the approved stop it was at; "" at none, or nobody knows */
    bool has_position;
    double lat_deg, lon_deg;
    uint32_t opened_s, open_s;  /* since the trip began; how long */
    enum bw_quality quality;    /* of the two numbers; UNKNOWN: both are 0 */
    uint16_t boarded, alighted; /* by the door counters; without them the change of the number aboard */
};

/* One use of the vehicle, from its start to a minute after its end. Counts only. */
struct bw_trip {
    int64_t begun_utc_ms, ended_utc_ms;
    char permit_no[BW_ID_LEN]; /* of those in force when it began, if only one was; "" */
    char route_id[BW_ID_LEN];  /* of the licence's the one it was on longest; "" on none */
    uint64_t licence_version;  /* 0 = none */
    uint32_t distance_m;
    uint32_t boarded, alighted; /* at all stops, also at those left out */
    struct bw_occupancy left;   /* aboard at the end */
    uint16_t peak, capacity;    /* most aboard by the best estimate; approved, 0 = nobody knows */
    uint32_t over_s;            /* with closed doors and for certain more aboard than approved */
    enum bw_quality quality;    /* of the count while driving: GOOD for nine tenths of it, UNKNOWN for half */
    bool began_late, cut_short; /* the gateway was started, or ended, in its midst */
    uint32_t stops_left_out;    /* beyond BW_TRIP_STOPS_MAX */
    size_t n_stops;
    struct bw_trip_stop stops[BW_TRIP_STOPS_MAX];
};

/* Records first..last of the same class were evicted before they could be sent. Takes the place (and seq) of
 * `last`; `tail_hash` is the hash of the evicted record `last`, which the next record's prev points at. */
struct bw_gap {
    uint64_t first_seq, last_seq;
    uint8_t tail_hash[BW_HASH_LEN];
};

/* From the ALERT record after this one, and from TRACK record track_from on, the new key signs. */
struct bw_key_change {
    uint8_t old_key[BW_PUBLIC_KEY_LEN], new_key[BW_PUBLIC_KEY_LEN];
    uint64_t track_from;
    uint8_t proof[BW_SIGNATURE_LEN]; /* seal_key_prove() */
};

enum bw_permit_status { BW_STATUS_ACTIVE = 1, BW_STATUS_SUSPENDED = 2, BW_STATUS_REVOKED = 3 };

struct bw_permit {
    char permit_no[BW_ID_LEN];
    char driver_id[BW_ID_LEN];
    char route_id[BW_ID_LEN];
    uint8_t weekdays;                          /* bit 0 = Monday ... bit 6 = Sunday */
    uint16_t window_start_min, window_end_min; /* local minutes of the day, 0..1440 */
    int32_t valid_from_day, valid_until_day;   /* both inclusive */
    enum bw_permit_status status;
};

struct bw_driver {
    char driver_id[BW_ID_LEN];
    int32_t qualified_until_day;
};

struct bw_stop {
    char stop_id[BW_ID_LEN];
    char name[BW_NAME_LEN];
    char route_id[BW_ID_LEN];
    uint32_t sequence;
    double lat_deg, lon_deg;
    double radius_m;
};

struct bw_point {
    double lat_deg, lon_deg;
};

/* A stretch of a route with a limit of its own. Metres along the route as corridor_nearest() counts them. */
struct bw_limit {
    double from_m, to_m;
    double limit_kmh; /* 0 = the law's for this kind of road */
    bool motorway;    /* Art. 35 allows 80 instead of 60 */
};

/* A LineString has one part, a MultiLineString several; parts are not joined to each other. A route may be
 * driven either way. Part p is points[part_start[p]] .. points[part_start[p + 1] - 1]; part_start has n_parts
 * + 1 entries. */
struct bw_route {
    char route_id[BW_ID_LEN];
    char name[BW_NAME_LEN];
    double half_width_m;
    double speed_limit_kmh; /* 0 = none beyond the law's */
    size_t n_points;
    struct bw_point *points;
    size_t n_parts;
    uint32_t *part_start;
    size_t n_limits; /* in order of from_m, not overlapping */
    struct bw_limit *limits;
};

/* Every threshold of every rule. 0 means "the default of docs/rules.md". Set by the bureau, per licence. */
struct bw_thresholds {
    uint32_t overload_hold_ms;         /* over capacity this long before it is raised */
    uint32_t overload_clear_ms;        /* within capacity this long before it is cleared */
    uint32_t off_route_margin_m;       /* added to the half width before evidence counts */
    uint32_t off_route_evidence_milli; /* evidence needed to raise, thousandths */
    uint32_t off_route_clear_ms;       /* back inside this long before it is cleared */
    uint32_t unlicensed_hold_ms;       /* moving this long before it is raised */
    uint32_t update_interval_ms;       /* at most one UPDATED phase per alert in this time */
    uint32_t raise_hold_off_ms;        /* a rule raises at most once in this time */
    uint32_t out_of_hours_grace_min;   /* before and after the window */
    uint32_t out_of_hours_hold_ms;     /* driving outside it this long before it is raised */
    uint32_t unapproved_stop_margin_m; /* added to a stop's radius */
    uint32_t unapproved_stop_door_ms;  /* door open this long is worth a notice when nobody can count */
    uint32_t overspeed_tolerance_kmh;  /* added to the limit */
    uint32_t overspeed_hold_ms;        /* over it this long before it is raised */
    uint32_t unbelted_hold_ms;         /* driving with an open belt this long before it is raised */
    uint32_t door_open_hold_ms;        /* driving with an open door this long before it is raised */
    uint32_t left_behind_hold_ms; /* ignition off, doors closed, somebody aboard this long before the alarm */
    uint32_t left_behind_escalate_ms; /* from one level of the alarm to the next */
    uint32_t sensor_fault_hold_ms;    /* cabin unknown this long, in use, before it is raised */
    uint32_t no_fix_hold_ms;          /* no position this long, in use, before it is raised */
    uint32_t tamper_hold_ms;          /* supply or antenna gone this long before it is raised */
};

/* What the bureau allows one vehicle: decoded by wire_licence_decode(), released by wire_licence_free(). */
struct bw_licence {
    char vehicle_id[BW_ID_LEN];
    char division[BW_DIVISION_LEN];
    char plate[BW_PLATE_LEN];
    uint64_t version; /* only goes up */
    int64_t issued_utc_ms;
    enum bw_vehicle_class vehicle_class;
    uint16_t seats;
    uint16_t approved_capacity;
    int32_t inspected_until_day;
    int32_t scrapped_day;   /* 0 = not scrapped */
    int16_t utc_offset_min; /* local time of days and windows; China: 480 */
    struct bw_thresholds thresholds;
    size_t n_permits;
    struct bw_permit *permits;
    size_t n_drivers;
    struct bw_driver *drivers;
    size_t n_routes;
    struct bw_route *routes;
    size_t n_stops;
    struct bw_stop *stops;
};

enum bw_order_kind {
    BW_ORDER_EXEMPTION =
        1, /* Art. 30: traffic control, road works, disaster, weather: off the route is allowed */
    BW_ORDER_WEATHER = 2, /* Art. 35: fog, rain, snow, ice: a lower limit */
};

/* What the bureau orders for a time and an area. */
struct bw_order {
    enum bw_order_kind kind;
    char order_id[BW_ID_LEN];
    char reason[BW_NAME_LEN];          /* for people */
    int64_t from_utc_ms, until_utc_ms; /* from inclusive, until exclusive */
    double limit_kmh;                  /* WEATHER: 0 = the law's 20 */
    size_t n_routes;                   /* 0 = every route */
    char routes[BW_ORDER_ROUTES_MAX][BW_ID_LEN];
    size_t n_points; /* 0 = everywhere; else a simple polygon of at least 3 vertices, closed by itself */
    struct bw_point *points;
};

/* All orders in force for one vehicle: decoded by wire_orders_decode(), released by wire_orders_free(). */
struct bw_orders {
    char vehicle_id[BW_ID_LEN];
    char division[BW_DIVISION_LEN];
    uint64_t version; /* only goes up */
    int64_t issued_utc_ms;
    size_t n_orders;
    struct bw_order *orders;
};

/* What a vehicle says about itself now; retained by the broker, and (online = false) its last will. Not
 * evidence. */
struct bw_presence {
    bool online;
    int64_t time_utc_ms;
    uint8_t stream[BW_STREAM_LEN];
    uint64_t licence_version; /* held; 0 = none */
    uint64_t orders_version;  /* held; 0 = none */
    char software[32];
    /* Per class (index 0 ALERT, 1 TRACK): the oldest record not yet covered by a receipt, and the next to be
     * made. */
    uint64_t oldest_seq[2], next_seq[2];
    bool has_position;
    int64_t fix_utc_ms;
    double lat_deg, lon_deg;
    float speed_mps; /* NaN unknown */
    struct bw_occupancy occupancy;
    uint16_t capacity;
};

enum bw_record_class { BW_RECORD_ALERT = 1, BW_RECORD_TRACK = 2 };

/* The bureau has committed every record of `stream` up to and including upto_seq, per class (0 = none yet).
 */
struct bw_receipt {
    uint8_t stream[BW_STREAM_LEN];
    uint64_t upto_seq[2]; /* index: class - 1 */
    bool has_head[2];
    uint8_t head[2][BW_HASH_LEN]; /* hash of the record upto_seq, as the bureau holds it */
    int64_t time_utc_ms;
};

#endif
