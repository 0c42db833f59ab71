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

    BW_ROUTES_MAX = 64,       /* in one licence */
    BW_PERMITS_MAX = 64,      /* in one licence */
    BW_DRIVERS_MAX = 64,      /* in one licence */
    BW_STOPS_MAX = 1024,      /* in one licence */
    BW_PARTS_MAX = 1024,      /* in one route */
    BW_POINTS_MAX = 400000,   /* in one licence */
    BW_TRACK_FIXES_MAX = 120, /* in one track batch */
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
    BW_NO_LICENCE = 1,       /* the gateway holds no licence at all */
    BW_NO_PERMIT = 2,        /* the licence carries no permit */
    BW_PERMIT_EXPIRED = 3,   /* the last permit ended */
    BW_PERMIT_NOT_YET = 4,   /* the first permit has not begun */
    BW_PERMIT_SUSPENDED = 5, /* in date, but suspended or revoked */
};

struct bw_evidence_overload {
    uint16_t aboard;   /* the certain number (occupancy.low) at this phase */
    uint16_t peak;     /* highest certain number since raised */
    uint16_t capacity; /* approved capacity of the licence */
};

struct bw_evidence_off_route {
    char route_id[BW_ID_LEN]; /* nearest licensed route */
    float distance_m;         /* from its line, at this phase */
    float peak_distance_m;    /* since it was left */
    float half_width_m;       /* licensed corridor */
    uint32_t outside_ms;      /* time outside so far */
    int64_t left_utc_ms;      /* when the corridor's edge was crossed; 0 = never entered */
    bool entered;             /* false: the vehicle has not been on any licensed route since the start */
};

struct bw_evidence_unlicensed {
    enum bw_unlicensed_reason reason;
    char permit_no[BW_ID_LEN]; /* of the permit nearest in time; "" when none */
    int32_t valid_until_day;   /* its last day; 0 when none */
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
        struct bw_evidence_unlicensed unlicensed;
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

/* Records first..last of the same class were evicted before they could be sent. Takes the place (and seq) of
 * `last`; `tail_hash` is the hash of the evicted record `last`, which the next record's prev points at. */
struct bw_gap {
    uint64_t first_seq, last_seq;
    uint8_t tail_hash[BW_HASH_LEN];
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

/* What a vehicle says about itself now; retained by the broker, and (online = false) its last will. Not
 * evidence. */
struct bw_presence {
    bool online;
    int64_t time_utc_ms;
    uint8_t stream[BW_STREAM_LEN];
    uint64_t licence_version; /* held; 0 = none */
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
    int64_t time_utc_ms;
};

#endif
