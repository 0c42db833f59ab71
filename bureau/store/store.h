/* Everything the bureau keeps; every SQL statement of the bureau is behind this header.
 *
 * One handle per thread. All return 0 or a negative errno (-ENOENT: no such row); store_error() has the
 * words. Callbacks get rows that live only for the call; a non-zero return ends the walk and is returned.
 * They may use the handle, but not start the walk that they are in (-EBUSY). */
#ifndef BUSWARDEN_STORE_H
#define BUSWARDEN_STORE_H

#include "bureau/registry/registry.h"
#include "proto/issued.h"

struct store;

/* Makes the file and its schema when there is none, and brings an older schema up to date; WAL,
 * synchronous=FULL, waits up to 5 s for a lock. -EBADMSG: not a Buswarden store, or damaged;
 * -EPROTONOSUPPORT: of a newer version; -ENOENT: no such folder; -EROFS, -EBUSY... */
int store_open(const char *path, struct store **ret);
void store_close(struct store *store);
const char *store_error(const struct store *store); /* words for the last failure */
int store_begin(struct store *store);               /* BEGIN IMMEDIATE */
int store_commit(struct store *store);
void store_rollback(struct store *store);

/* --- registry: replaced as a whole or not at all, also within a transaction --- */
int store_registry_replace(struct store *store, const struct registry *registry);
int store_registry_load(struct store *store, struct registry **ret); /* registry_free() */

/* --- vehicle keys, and what was issued to vehicles: licences and orders --- */
/* They may be set for vehicles that the registry does not hold. The newest key is in force; those before it
 * stay known, for what they signed. */
int store_vehicle_key_set(struct store *store, const char *vehicle, const uint8_t key[BW_PUBLIC_KEY_LEN]);
/* The vehicle itself goes on to another one. -ENOENT: no key in force; a revoked vehicle stays revoked. */
int store_vehicle_key_change(struct store *store, const char *vehicle, const uint8_t key[BW_PUBLIC_KEY_LEN]);
/* -ENOENT as well when it was revoked. Setting one brings the vehicle back. */
int store_vehicle_key(struct store *store, const char *vehicle, uint8_t ret_key[BW_PUBLIC_KEY_LEN]);
/* 1: the key was enrolled for this vehicle once, 0: never. */
int store_vehicle_key_known(struct store *store, const char *vehicle, const uint8_t key[BW_PUBLIC_KEY_LEN]);
/* Refused from now on; -ENOENT: no key in force. */
int store_vehicle_key_revoke(struct store *store, const char *vehicle, int64_t utc_ms);
/* division of a registered vehicle's school: where its topics live */
int store_vehicle_division(struct store *store, const char *vehicle, char ret[BW_DIVISION_LEN]);
/* -EEXIST unless the version is above every one issued to the vehicle; -ERANGE: not 1..2^63-1. */
int store_issued_put(struct store *store, enum issued_kind kind, const char *vehicle, uint64_t version,
                     const uint8_t *sealed, size_t len);
int store_issued_latest(struct store *store, enum issued_kind kind, const char *vehicle,
                        uint64_t *ret_version, struct wire_bytes *ret_sealed); /* wire_bytes_free() */

/* Positions in the order of issue, 1, 2, ...: the last (0 = none), and the next after one with its vehicle
 * (-ENOENT none). */
int store_issued_last(struct store *store, enum issued_kind kind, int64_t *ret_position);
int store_issued_after(struct store *store, enum issued_kind kind, int64_t position, int64_t *ret_position,
                       char ret_vehicle[BW_ID_LEN]);

/* --- evidence: the signed bytes as they came, and each chain's head --- */
struct store_chain {
    uint64_t next_seq; /* expected next; everything below is committed */
    uint8_t head[BW_HASH_LEN];
    bool head_known; /* false: next_seq was taken from a presence message, the past is not held here */
};
int store_chain_get(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                    enum bw_record_class cls, struct store_chain *ret);
int store_chain_put(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                    enum bw_record_class cls, const struct store_chain *chain);
/* -EEXIST: that key is held already. */
int store_record_add(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     enum bw_record_class cls, uint64_t seq, const uint8_t *bytes, size_t len,
                     int64_t received_utc_ms);
/* The bytes held under that key; free(*ret). */
int store_record_get(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     enum bw_record_class cls, uint64_t seq, uint8_t **ret, size_t *ret_len);

/* Whose key signs a chain from a seq on, up to the next one's, and in which division the vehicle was then. */
enum { STORE_SIGNERS_MAX = 32 }; /* in one chain */
struct store_signer {
    uint64_t from_seq;
    char division[BW_DIVISION_LEN];
    uint8_t key[BW_PUBLIC_KEY_LEN];
};
struct store_signers {
    size_t n;                                  /* 0: a chain never seen */
    struct store_signer of[STORE_SIGNERS_MAX]; /* by from_seq */
};
int store_signers(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                  enum bw_record_class cls, struct store_signers *ret);
/* Takes the place of one that begins at the same seq. -ENOSPC: the chain has had STORE_SIGNERS_MAX. */
int store_signer_add(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     enum bw_record_class cls, const struct store_signer *signer);

/* --- alerts: one row an object, one event a phase --- */
/* Applies the phase that the ALERT record `seq` tells of; makes the row at the first phase seen. ret_event is
 * the event's number, for streams; 0 when this very phase is held already. A vehicle may say it again in
 * another stream: an alert object of the same number, kind and instant of raising is the same object. */
int store_alert_apply(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                      uint64_t seq, const struct bw_alert *alert, int64_t received_utc_ms,
                      int64_t *ret_event);

/* When an alert object counts as raised, told by the first phase that came: by the vehicle's word; without
 * one, when the phase happened, and when nobody knows that either, when it was received. */
int64_t store_alert_raised_utc_ms(const struct bw_alert *alert, int64_t received_utc_ms);

struct store_alert {
    int64_t id;    /* of the alert object */
    int64_t event; /* of this phase; ascending over all alerts: cursor and Last-Event-ID */
    const char *vehicle, *plate, *school, *division; /* school: its name; "" when not in the registry */
    struct bw_alert alert;                           /* as of this phase */
    /* The phase's own bytes cannot be decoded. Of `alert` then only what the object says of itself: kind,
     * severity, number, raised_utc_ms, and the phase when that is CLEARED. `verify` tells which it is. */
    bool damaged;
    int64_t cleared_utc_ms;  /* 0 = open */
    int64_t received_utc_ms; /* of this phase */
    bool late;               /* received more than STORE_LATE_MS after it happened */
};
enum { STORE_LATE_MS = 60000 };
typedef int (*store_alert_fn)(void *context, const struct store_alert *row);
/* `school` here and below: a school_id; only rows of vehicles that the registry now gives to that school.
 * NULL = all. */
/* The present state of alert objects, newest first. open_only: not cleared. before_id 0 = from the newest. */
int store_alerts(struct store *store, const char *school, bool open_only, int64_t before_id, int limit,
                 store_alert_fn fn, void *context);
/* Every phase after event `after`, oldest first. Of each, `alert` and cleared_utc_ms as of that phase. */
int store_alert_events(struct store *store, const char *school, int64_t after, int limit, store_alert_fn fn,
                       void *context);
int store_last_event(struct store *store, int64_t *ret); /* 0 = none yet */

/* --- trips: one row each, by vehicle and the instant it began --- */
/* What the ALERT record `seq` says. A vehicle that lost its power may tell of one trip twice: the one that is
 * not cut short stands, else the one that ended later; of two alike the first. */
int store_trip_apply(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     uint64_t seq, const struct bw_trip *trip, int64_t received_utc_ms);

struct store_trip {
    int64_t id;
    const char *vehicle, *plate, *school, *division; /* as in struct store_alert */
    struct bw_trip trip;
    int64_t received_utc_ms; /* of the record */
    bool late;               /* received more than STORE_TRIP_LATE_MS after it ended */
    uint8_t stream[BW_STREAM_LEN];
    uint64_t seq;          /* of the ALERT record that says so */
    const uint8_t *record; /* its bytes; NULL = not held, or not asked for */
    size_t record_len;
    int64_t record_received_utc_ms;
};
enum { STORE_TRIP_LATE_MS = 180000 }; /* a trip is told when a minute has shown that it is over */
typedef int (*store_trip_fn)(void *context, const struct store_trip *row);
struct store_trip_query {
    const char *school, *vehicle;       /* NULL = all */
    int64_t since_utc_ms, until_utc_ms; /* began from, and before */
    int64_t before_id;                  /* those that come after this one in the list; 0 = from the first */
};
/* The newest first, by when they began. Of each trip what the row has: no distance, no licence, nothing of
 * who was left, and no stops. -ENOENT: before_id is no trip. */
int store_trips(struct store *store, const struct store_trip_query *query, int limit, store_trip_fn fn,
                void *context);
/* One, whole, from its record. -ENOENT: no such trip, or not of that school; -EBADMSG: its record is not
 * held, or no trip's. */
int store_trip(struct store *store, const char *school, int64_t id, store_trip_fn fn, void *context);

/* --- the live map --- */
int store_presence_put(struct store *store, const char *vehicle, const struct bw_presence *presence,
                       int64_t received_utc_ms);
/* Also of a vehicle that is not registered. -ENOENT: none; -EBADMSG: cannot be decoded. */
int store_presence_get(struct store *store, const char *vehicle, struct bw_presence *ret);
struct store_vehicle {
    const char *vehicle, *plate, *school, *school_id, *division;
    uint16_t capacity;
    bool seen; /* presence and received_utc_ms are set; false also when its bytes cannot be decoded */
    struct bw_presence presence;
    int64_t received_utc_ms;
    uint64_t issued[ISSUED_KINDS];    /* newest version; 0 none */
    int64_t certificate_until_utc_ms; /* of the newest not revoked; 0 = none was issued here */
    uint32_t open_kinds;              /* bit per enum bw_kind with an open alert */
};
typedef int (*store_vehicle_fn)(void *context, const struct store_vehicle *row);
/* Registered vehicles. vehicle NULL = all, by id. */
int store_vehicles(struct store *store, const char *school, const char *vehicle, store_vehicle_fn fn,
                   void *context);

/* --- certificates that the bureau's own authority issued --- */
enum { STORE_SERIAL_LEN = 41, STORE_REASON_MAX = 80 }; /* hex of at most 20 bytes; with the NUL */
struct store_certificate {
    const char *serial, *name; /* name: a vehicle's id, "server" or "bureau" */
    const uint8_t *der;
    size_t der_len;
    int64_t not_after_utc_ms, issued_utc_ms, revoked_utc_ms; /* 0 = not revoked */
    const char *reason;                                      /* of the revocation */
};
/* -EEXIST: that serial is held. revoked_utc_ms and reason are not heeded. */
int store_certificate_add(struct store *store, const struct store_certificate *certificate);
/* Every one of that name that is not revoked yet, but `keep` (a serial; NULL = none). ret_n may be 0. */
int store_certificate_revoke(struct store *store, const char *name, const char *keep, const char *reason,
                             int64_t utc_ms, size_t *ret_n);
typedef int (*store_certificate_fn)(void *context, const struct store_certificate *row);
/* By name, the newest of each first. name NULL = all. */
int store_certificates(struct store *store, const char *name, store_certificate_fn fn, void *context);

/* How many names have a newest end before this instant; the revoked do not count. */
int store_certificates_ending(struct store *store, int64_t before_utc_ms, int64_t *ret_n);

/* --- acts that were refused: one row a vehicle and kind --- */
enum { STORE_INCIDENTS_MAX = 1024, STORE_DETAIL_MAX = 200, STORE_KIND_MAX = 24, STORE_ADDRESS_MAX = 48 };
struct store_incident {
    const char *kind, *vehicle, *address, *detail; /* vehicle, address "": nobody knows; the last one's */
    int64_t first_utc_ms, last_utc_ms;
    uint64_t count;
};
/* Counts on where there is a row. Beyond STORE_INCIDENTS_MAX the row that was heard of longest ago goes. */
int store_incident_add(struct store *store, const struct store_incident *incident);
typedef int (*store_incident_fn)(void *context, const struct store_incident *row);
int store_incidents(struct store *store, store_incident_fn fn, void *context); /* newest first */

/* Append-only: who did what to which, when. */
int store_audit(struct store *store, const char *who, const char *action, const char *subject,
                int64_t utc_ms);
/* The subject of "records_not_held": these numbers of a chain were never taken in here. */
enum { STORE_HOLE_LEN = BW_ID_LEN + 96 };
void store_hole_format(const char *vehicle, const uint8_t stream[BW_STREAM_LEN], enum bw_record_class cls,
                       uint64_t first_seq, uint64_t last_seq, char ret[STORE_HOLE_LEN]);

/* --- all evidence, one vehicle and one chain after the other: for bureau/verify --- */
/* For reading alone: nothing is made or brought up to date (-EPROTONOSUPPORT: of another version). */
int store_open_reading(const char *path, struct store **ret);
/* A transaction that sees one moment of a store that others go on writing. Ends with store_rollback(). */
int store_begin_reading(struct store *store);

/* The next vehicle by id of which there is any row ("" = the first); -ENOENT after the last. */
int store_next_vehicle(struct store *store, const char *after, char ret[BW_ID_LEN]);
struct store_chain_id {
    uint8_t stream[BW_STREAM_LEN];
    enum bw_record_class cls; /* as stored: any number */
};
/* The next chain by stream and class (NULL = the first), with or without records; -ENOENT after the last. */
int store_next_chain(struct store *store, const char *vehicle, const struct store_chain_id *after,
                     struct store_chain_id *ret);
struct store_record {
    uint64_t seq;
    int64_t received_utc_ms;
    const uint8_t *bytes;
    size_t len;
};
typedef int (*store_record_fn)(void *context, const struct store_record *row);
int store_records(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                  store_record_fn fn, void *context); /* by seq */
/* Every key ever enrolled for a vehicle; every signer of a stream of this id, whosever it is. */
typedef int (*store_key_fn)(void *context, const char *vehicle, const char *division,
                            const uint8_t key[BW_PUBLIC_KEY_LEN]);
int store_vehicle_keys(struct store *store, const char *vehicle, store_key_fn fn, void *context);
int store_stream_keys(struct store *store, const uint8_t stream[BW_STREAM_LEN], store_key_fn fn,
                      void *context);

/* One phase with its alert object and its record, by object and event. `of` is the stream of the record. An
 * object without phases comes with event 0; an event without object (vehicle NULL only) with id 0. seq 0:
 * kept before version 3. */
struct store_phase {
    int64_t id, event, last_event, cleared_utc_ms, raised_utc_ms, received_utc_ms;
    uint8_t stream[BW_STREAM_LEN], of[BW_STREAM_LEN];
    uint64_t number, seq;
    bool has_seq;
    int kind, severity;
    const uint8_t *body;
    size_t len;
    const uint8_t *record; /* the record `seq`; NULL = not held */
    size_t record_len;
    int64_t record_received_utc_ms;
};
typedef int (*store_phase_fn)(void *context, const struct store_phase *row);
int store_phases(struct store *store, const char *vehicle, store_phase_fn fn, void *context);
int store_stray_phases(struct store *store, store_phase_fn fn, void *context);
/* 1: there is a phase of that alert from that record, or with that very body from another one; 0: none. */
int store_phase_held(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     uint64_t number, uint64_t seq, const uint8_t *body, size_t len);
/* Every trip of a vehicle as its row has it, with the bytes of its record. */
int store_vehicle_trips(struct store *store, const char *vehicle, store_trip_fn fn, void *context);
/* 1: a trip that began then has a row that no such record would replace, 0: none. */
int store_trip_held(struct store *store, const char *vehicle, const struct bw_trip *trip);
/* 1: the audit log has a line records_not_held of this, 0: none. */
int store_not_held_told(struct store *store, const char *subject);

#endif
