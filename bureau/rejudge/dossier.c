/* What is known of a vehicle besides its tracks: what it was issued, what it said and signed, what is lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bureau/ingest/judge.h"
#include "bureau/rejudge/internal.h"
#include "bureau/rejudge/reader.h"
#include "bureau/store/tracks.h"

static const int64_t DAY_MS = 86400000, BEFORE_DAYS = 7, AFTER_DAYS = 7;
static const int64_t CLOCKS_APART_MS =
    60000;                                /* a vehicle holds a licence no earlier than so before its issue */
static const int64_t TAKE_UP_MS = 300000; /* from being heard to holding what was issued */
static const int64_t FOR_EVER_MS = INT64_MAX / 4;

int list_add(struct list *list, size_t size, void **ret)
{
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity > 0 ? 2 * list->capacity : 16;
        if (list->n >= REJUDGE_LIST_MAX)
            return -E2BIG;
        void *grown = realloc(list->rows, capacity * size);
        if (grown == NULL)
            return -ENOMEM;
        list->rows = grown;
        list->capacity = capacity;
    }
    *ret = (char *)list->rows + list->n++ * size;
    memset(*ret, 0, size);
    return 0;
}

static int add_dated(struct list *list, uint64_t version, int64_t utc_ms)
{
    void *row;
    const int error = list_add(list, sizeof(struct dated), &row);
    if (error == 0)
        *(struct dated *)row = (struct dated){version, utc_ms};
    return error;
}

static int add_gap(struct dossier *dossier, enum compare_loss loss, int64_t from_utc_ms, int64_t to_utc_ms)
{
    void *row;
    const int error = list_add(&dossier->gaps, sizeof(struct compare_gap), &row);
    if (error == 0)
        *(struct compare_gap *)row = (struct compare_gap){loss, from_utc_ms, to_utc_ms};
    return error;
}

/* --- what was issued --- */

static const struct dated *dated_at(const struct list *list, size_t at)
{
    return (const struct dated *)list->rows + at;
}

static int decode(const struct wire_bytes *sealed, enum issued_kind kind, struct issued *ret)
{
    const struct issued_for anyone = {.key = NULL}; /* it was signed here, and lies in our own store */
    ret->kind = kind;
    return issued_open(kind, sealed->data, sealed->len, &anyone, ret);
}

static int load_issued(struct store *store, struct dossier *dossier, enum issued_kind kind)
{
    uint64_t version = 0;
    for (;;) {
        struct wire_bytes sealed = {0};
        struct issued issued = {.kind = kind};
        int error = store_issued_next(store, kind, dossier->vehicle, version, &version, &sealed);
        if (error == -ENOENT)
            return 0;
        if (error == 0)
            error = decode(&sealed, kind, &issued);
        if (error == 0)
            error = add_dated(&dossier->issued[kind], version,
                              kind == ISSUED_LICENCE ? issued.u.licence.issued_utc_ms
                                                     : issued.u.orders.issued_utc_ms);
        issued_free(&issued);
        wire_bytes_free(&sealed);
        if (error != 0)
            return error;
    }
}

int dossier_open(struct store *store, const struct dossier *dossier, enum issued_kind kind, size_t at,
                 struct issued *ret)
{
    struct wire_bytes sealed = {0};
    int error = store_issued_get(store, kind, dossier->vehicle, dated_at(&dossier->issued[kind], at)->version,
                                 &sealed);
    if (error == 0)
        error = decode(&sealed, kind, ret);
    wire_bytes_free(&sealed);
    return error;
}

int64_t dossier_newest(const struct dossier *dossier, enum issued_kind kind, int64_t utc_ms)
{
    const struct list *list = &dossier->issued[kind];
    int64_t newest = -1;
    for (size_t i = 0; i < list->n; i++)
        if (dated_at(list, i)->utc_ms <= utc_ms)
            newest = (int64_t)i;
    return newest;
}

int64_t dossier_next_issue(const struct dossier *dossier, int64_t utc_ms)
{
    const struct list *list = &dossier->issued[ISSUED_LICENCE];
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < list->n; i++)
        if (dated_at(list, i)->utc_ms > utc_ms && dated_at(list, i)->utc_ms < next)
            next = dated_at(list, i)->utc_ms;
    return next;
}

/* The place of a version; -1: it is not held. */
static int64_t place_of(const struct list *issued, uint64_t version)
{
    for (size_t i = 0; i < issued->n; i++)
        if (dated_at(issued, i)->version == version)
            return (int64_t)i;
    return -1;
}

/* Versions only go up: what was held before is the least, what was held afterwards the most. */
struct candidates dossier_candidates(const struct dossier *dossier, int64_t utc_ms)
{
    const struct list *issued = &dossier->issued[ISSUED_LICENCE];
    int64_t last = dossier_newest(dossier, ISSUED_LICENCE, utc_ms + CLOCKS_APART_MS);
    int64_t first = -1;
    uint64_t before = 0, after = UINT64_MAX;
    bool had_before = false;
    for (size_t i = 0; i < dossier->attested.n; i++) {
        const struct dated *attested = dated_at(&dossier->attested, i);
        if (attested->utc_ms <= utc_ms && (!had_before || attested->version > before)) {
            before = attested->version;
            had_before = true;
        }
        if (attested->utc_ms >= utc_ms && attested->version < after)
            after = attested->version;
    }
    while (last >= 0 && dated_at(issued, (size_t)last)->version > after)
        last--;
    if (last < 0)
        return (struct candidates){0};
    struct candidates ret = {0};
    if (had_before && before > 0) {
        first = place_of(issued, before);
        ret.known = first >= 0;
    } else {
        first = dossier_newest(dossier, ISSUED_LICENCE, utc_ms - TAKE_UP_MS);
        ret.known = ret.assumed = first >= 0;
    }
    if (first < 0 || first > last)
        first = last;
    ret.heard_utc_ms = dated_at(issued, (size_t)first)->utc_ms + TAKE_UP_MS;
    if (last - first >= REJUDGE_LICENCES_MAX) {
        ret.known = false;
        first = last;
    }
    ret.first = (size_t)first;
    ret.n = (size_t)(last - first + 1);
    return ret;
}

/* --- what it signed: class ALERT --- */

struct chain_walk {
    struct dossier *dossier;
    uint64_t expected;   /* the next seq; 0 = the first one is to come */
    int64_t last_utc_ms; /* of the last record that has a time */
    bool hole;           /* one is open, from hole_from on */
    int64_t hole_from_utc_ms;
};

static int note_trip(struct dossier *dossier, const struct bw_trip *trip)
{
    void *row;
    int error = list_add(&dossier->trips, sizeof(struct compare_trip), &row);
    if (error == 0)
        *(struct compare_trip *)row =
            (struct compare_trip){trip->begun_utc_ms, trip->ended_utc_ms, trip->over_s};
    if (error == 0)
        error = add_dated(&dossier->attested, trip->licence_version, trip->ended_utc_ms);
    if (error == 0 && trip->cut_short)
        error = add_gap(dossier, COMPARE_RESTART, trip->ended_utc_ms, trip->ended_utc_ms);
    if (error == 0 && trip->began_late)
        error = add_gap(dossier, COMPARE_RESTART, trip->begun_utc_ms, trip->begun_utc_ms);
    return error;
}

static int note_record(struct chain_walk *walk, uint64_t seq, const struct wire_body *body)
{
    int64_t utc_ms = 0;
    int error = 0;
    if (body->type == WIRE_BODY_ALERT && body->u.alert.time_utc_ms > 0) {
        utc_ms = body->u.alert.time_utc_ms;
        error = add_dated(&walk->dossier->attested, body->u.alert.licence_version, utc_ms);
    } else if (body->type == WIRE_BODY_TRIP) {
        utc_ms = body->u.trip.ended_utc_ms;
        error = note_trip(walk->dossier, &body->u.trip);
    }
    if (seq != walk->expected && !walk->hole) {
        walk->hole = true;
        walk->hole_from_utc_ms = walk->last_utc_ms;
    }
    walk->expected = seq + 1;
    if (utc_ms == 0)
        return error;
    if (error == 0 && walk->hole)
        error = add_gap(walk->dossier, COMPARE_HOLE, walk->hole_from_utc_ms, utc_ms);
    walk->hole = false;
    walk->last_utc_ms = utc_ms;
    return error;
}

/* From the record before the first of the time asked for: that one shows whether it begins after a hole. */
static int load_chain(struct store *store, struct dossier *dossier, const struct store_chain_id *chain,
                      int64_t from_utc_ms, int64_t to_utc_ms)
{
    uint8_t bytes[WIRE_RECORD_MAX];
    struct store_record_copy copy = {.bytes = bytes, .size = sizeof bytes};
    struct chain_walk walk = {.dossier = dossier};
    uint64_t seq;
    int error = store_seq_received(store, dossier->vehicle, chain, from_utc_ms, &seq);
    if (error == 0) {
        seq = seq > 1 ? seq - 1 : 1;
        walk.expected = seq;
    }
    while (error == 0) {
        struct wire_record record;
        struct wire_body body = {.type = WIRE_BODY_UNKNOWN};
        error = store_record_from(store, dossier->vehicle, chain, seq, &copy);
        if (error == 0 && copy.received_utc_ms > to_utc_ms)
            break;
        if (error == 0 &&
            (wire_record_decode(copy.bytes, copy.len, &record) != 0 || judge_body(&record, &body) != 0))
            body.type = WIRE_BODY_UNKNOWN;
        if (error == 0)
            error = note_record(&walk, copy.seq, &body);
        seq = copy.seq + 1;
    }
    if (error == -ENOENT)
        error = 0;
    if (error == 0 && walk.hole)
        error = add_gap(dossier, COMPARE_HOLE, walk.hole_from_utc_ms, FOR_EVER_MS);
    return error;
}

static int load_chains(struct store *store, struct dossier *dossier, int64_t from_utc_ms, int64_t to_utc_ms)
{
    struct store_chain_id chain;
    int error = store_next_chain(store, dossier->vehicle, NULL, &chain);
    while (error == 0) {
        if (chain.cls == BW_RECORD_ALERT)
            error = load_chain(store, dossier, &chain, from_utc_ms - BEFORE_DAYS * DAY_MS,
                               to_utc_ms + AFTER_DAYS * DAY_MS);
        if (error == 0)
            error = store_next_chain(store, dossier->vehicle, &chain, &chain);
    }
    return error == -ENOENT ? 0 : error;
}

/* --- its alerts --- */

/* An OVERSPEED grows after it was raised, and only around that instant are its positions looked at: so it is
 * the peak of then that counts, where that phase is held. */
static uint32_t limit_of(const struct store_own_alert *own)
{
    if (own->alert.kind == BW_OVERLOAD)
        return own->alert.evidence.overload.capacity;
    return own->alert.kind == BW_OVERSPEED && own->first.phase == BW_RAISED
               ? (uint32_t)own->first.evidence.overspeed.peak_kmh
               : 0;
}

static int take_alert(void *context, const struct store_own_alert *own)
{
    struct dossier *dossier = context;
    const struct bw_alert *alert = &own->alert;
    void *row;
    const int error = list_add(&dossier->alerts, sizeof(struct compare_alert), &row);
    if (error == 0)
        *(struct compare_alert *)row =
            (struct compare_alert){.kind = alert->kind,
                                   .severity = alert->severity,
                                   .number = alert->number,
                                   .licence_version = alert->licence_version,
                                   .from_utc_ms = alert->raised_utc_ms,
                                   .to_utc_ms = own->cleared_utc_ms > 0 ? own->cleared_utc_ms : INT64_MAX,
                                   .limit = limit_of(own)};
    return error;
}

/* By its presence the vehicle has made more alerts than are here. */
static int load_waiting(struct store *store, struct dossier *dossier)
{
    struct bw_presence presence;
    struct store_chain chain = {.next_seq = 1};
    int error = store_presence_get(store, dossier->vehicle, &presence);
    if (error == 0)
        error = store_chain_get(store, dossier->vehicle, presence.stream, BW_RECORD_ALERT, &chain);
    else
        return error == -ENOENT || error == -EBADMSG ? 0 : error;
    if (error != 0 && error != -ENOENT)
        return error;
    dossier->alerts_wait = presence.next_seq[BW_RECORD_ALERT - 1] > chain.next_seq;
    return 0;
}

int dossier_load(struct store *store, const char *vehicle, int64_t from_utc_ms, int64_t to_utc_ms,
                 struct dossier *ret)
{
    *ret = (struct dossier){0};
    memcpy(ret->vehicle, vehicle, strnlen(vehicle, BW_ID_LEN - 1));
    int error = 0;
    for (int kind = 0; kind < ISSUED_KINDS && error == 0; kind++)
        error = load_issued(store, ret, (enum issued_kind)kind);
    if (error == 0)
        error = load_chains(store, ret, from_utc_ms, to_utc_ms);
    if (error == 0)
        error = store_own_alerts(store, vehicle, from_utc_ms - DAY_MS, take_alert, ret);
    if (error == 0)
        error = load_waiting(store, ret);
    return error;
}

void dossier_free(struct dossier *dossier)
{
    for (int kind = 0; kind < ISSUED_KINDS; kind++)
        free(dossier->issued[kind].rows);
    free(dossier->attested.rows);
    free(dossier->alerts.rows);
    free(dossier->gaps.rows);
    free(dossier->trips.rows);
    *dossier = (struct dossier){0};
}
