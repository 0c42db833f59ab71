#include "bureau/retention/retention.h"

#include "bureau/ingest/judge.h"
#include "proto/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stretch {
    int64_t from_utc_ms, until_utc_ms;
};

struct run {
    struct store *store;
    const struct retention_pass *pass;
    struct store_cutoffs cutoffs;
    struct store_purged purged;
    /* The present vehicle, and the present chain. */
    char vehicle[BW_ID_LEN];
    size_t n_kept, kept_size;
    struct stretch *kept; /* what its cases are about */
    struct store_signers signers;
};

static int64_t cutoff(const struct run *run, uint32_t days)
{
    return days == 0 ? INT64_MIN : run->pass->now_utc_ms - days * UTC_MS_PER_DAY;
}

static int pause(const struct run *run)
{
    return run->pass->pause != NULL ? run->pass->pause(run->pass->context) : 0;
}

/* The end of a transaction: what was deleted, and that it was, together. */
static int finish(struct run *run, int rc, int64_t *count, int64_t n)
{
    const int64_t before = *count;
    if (rc == 0 && n == 0) {
        store_rollback(run->store);
        return 0;
    }
    *count += n;
    if (rc == 0)
        rc = store_purged_put(run->store, &run->purged);
    if (rc == 0)
        rc = store_commit(run->store);
    if (rc != 0) {
        *count = before;
        store_rollback(run->store);
    }
    return rc;
}

/* --- rows --- */

static int take_rows(struct run *run, enum store_purge what, const struct store_purge_rows *rows,
                     int64_t *count)
{
    int64_t n = 0;
    int rc = store_begin(run->store);
    if (rc != 0)
        return rc;
    rc = store_purge(run->store, what, &run->cutoffs, rows, &n);
    return finish(run, rc, count, n);
}

static int purge_rows(struct run *run, enum store_purge what, int64_t *count)
{
    struct store_purge_rows rows = {.n = 0};
    int rc;
    while ((rc = store_purge_find(run->store, what, &run->cutoffs, &rows)) == 0 && rows.n > 0) {
        if (run->pass->dry)
            *count += (int64_t)rows.n;
        else
            rc = take_rows(run, what, &rows, count);
        if (rc == 0)
            rc = pause(run);
        if (rc != 0 || rows.n < STORE_PURGE_ROWS)
            break;
    }
    return rc;
}

static int purge_positions(struct run *run)
{
    int64_t n = 0;
    int rc = store_purge_positions(run->store, &run->cutoffs, true, &n);
    if (rc != 0 || n == 0 || run->pass->dry) {
        run->purged.positions += n;
        return rc;
    }
    rc = store_begin(run->store);
    if (rc != 0)
        return rc;
    rc = store_purge_positions(run->store, &run->cutoffs, false, &n);
    return finish(run, rc, &run->purged.positions, n);
}

/* --- records --- */

static bool is_kept(const struct run *run, const struct bw_track *track)
{
    for (size_t i = 0; i < run->n_kept; i++)
        for (size_t k = 0; k < track->n; k++)
            if (track->fixes[k].utc_ms >= run->kept[i].from_utc_ms &&
                track->fixes[k].utc_ms <= run->kept[i].until_utc_ms)
                return true;
    return false;
}

/* 1: such a record may go, 0: it stays. */
static int may_go(struct run *run, const struct store_record *row, const struct wire_body *body)
{
    const struct store_cutoffs *cutoffs = &run->cutoffs;
    int stays = 0;
    switch (body->type) {
    case WIRE_BODY_TRACK:
        return row->received_utc_ms < cutoffs->tracks_utc_ms && !is_kept(run, &body->u.track);
    case WIRE_BODY_GAP:
        return row->received_utc_ms < cutoffs->tracks_utc_ms;
    case WIRE_BODY_ALERT:
        if (row->received_utc_ms >= cutoffs->evidence_utc_ms)
            return 0;
        stays = store_alert_stays(run->store, run->vehicle, body->u.alert.number, cutoffs);
        break;
    case WIRE_BODY_TRIP:
        if (row->received_utc_ms >= cutoffs->trips_utc_ms)
            return 0;
        stays = store_trip_stays(run->store, run->vehicle, body->u.trip.begun_utc_ms, cutoffs);
        break;
    case WIRE_BODY_KEY: /* says whose key signs: without it nothing after it can be verified */
        return 0;
    case WIRE_BODY_UNKNOWN:
        return row->received_utc_ms < cutoffs->evidence_utc_ms;
    }
    return stays < 0 ? stays : !stays;
}

/* The last instant before which anything of a chain may go: records come in the order in which they were
 * received. */
static int64_t latest_cutoff(const struct store_cutoffs *cutoffs)
{
    int64_t latest = cutoffs->tracks_utc_ms;
    if (cutoffs->evidence_utc_ms > latest)
        latest = cutoffs->evidence_utc_ms;
    return cutoffs->trips_utc_ms > latest ? cutoffs->trips_utc_ms : latest;
}

/* What cannot be read stays: its hash is not known, and somebody may want to know why. */
static int judge(void *context, const struct store_record *row, struct store_purge_mark *ret_mark)
{
    struct run *run = context;
    struct wire_record record;
    struct wire_body body;
    if (row->received_utc_ms >= latest_cutoff(&run->cutoffs))
        return STORE_PURGE_END;
    if (wire_record_decode(row->bytes, row->len, &record) != 0 || record.seq != row->seq ||
        run->signers.n == 0)
        return 0;
    int rc = judge_body(&record, &body);
    if (rc == 0)
        rc = may_go(run, row, &body);
    if (rc != 1)
        return rc;
    *ret_mark = (struct store_purge_mark){.first_seq = judge_first_seq(&record, &body), .last_seq = row->seq};
    judge_head(&record, &body, judge_signer(&run->signers, row->seq)->division, run->vehicle,
               ret_mark->tail_hash);
    return 1;
}

static int look_at_records(struct run *run, const struct store_chain_id *chain, bool dry, uint64_t *seq,
                           int64_t *ret_n, bool *ret_more)
{
    return store_purge_records(run->store, run->vehicle, chain, judge, run, dry, run->pass->now_utc_ms, seq,
                               ret_n, ret_more);
}

/* Looked at first without a transaction: most of them stay, and others may write meanwhile. */
static int purge_records(struct run *run, const struct store_chain_id *chain, uint64_t *seq, int64_t *count,
                         bool *ret_more)
{
    uint64_t from = *seq;
    int64_t n = 0;
    int rc = look_at_records(run, chain, true, seq, &n, ret_more);
    if (rc != 0 || n == 0)
        return rc;
    if (run->pass->dry) {
        *count += n;
        return 0;
    }
    rc = store_begin(run->store);
    if (rc == 0) {
        rc = look_at_records(run, chain, false, &from, &n, ret_more);
        rc = finish(run, rc, count, n);
    }
    return rc;
}

static int purge_chain(struct run *run, const struct store_chain_id *chain)
{
    uint64_t seq = 0;
    bool more = true;
    int64_t *count = chain->cls == BW_RECORD_TRACK ? &run->purged.tracks : &run->purged.records;
    int rc = store_signers(run->store, run->vehicle, chain->stream, chain->cls, &run->signers);
    while (rc == 0 && more) {
        rc = purge_records(run, chain, &seq, count, &more);
        if (rc == 0)
            rc = pause(run);
    }
    return rc;
}

static int keep(void *context, int64_t from_utc_ms, int64_t until_utc_ms)
{
    struct run *run = context;
    if (run->n_kept == run->kept_size) {
        const size_t size = run->kept_size > 0 ? 2 * run->kept_size : 64;
        struct stretch *more = realloc(run->kept, size * sizeof(*more));
        if (more == NULL)
            return -ENOMEM;
        run->kept = more;
        run->kept_size = size;
    }
    run->kept[run->n_kept++] =
        (struct stretch){from_utc_ms - RETENTION_MARGIN_MS, until_utc_ms + RETENTION_MARGIN_MS};
    return 0;
}

static int purge_vehicle(struct run *run)
{
    struct store_chain_id chain;
    const struct store_chain_id *after = NULL;
    run->n_kept = 0;
    int rc = store_case_times(run->store, run->vehicle, &run->cutoffs, keep, run);
    while (rc == 0 && (rc = store_next_chain(run->store, run->vehicle, after, &chain)) == 0) {
        rc = purge_chain(run, &chain);
        after = &chain;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int purge_vehicles(struct run *run)
{
    int rc = 0;
    while (rc == 0 && (rc = store_next_vehicle(run->store, run->vehicle, run->vehicle)) == 0)
        rc = purge_vehicle(run);
    return rc == -ENOENT ? 0 : rc;
}

/* --- all of it --- */

static bool is_any(const struct store_purged *purged)
{
    return purged->tracks || purged->records || purged->alerts || purged->trips || purged->cases ||
           purged->sightings || purged->photos || purged->audit || purged->changes || purged->positions;
}

void retention_format(const struct store_purged *purged, char ret[RETENTION_TEXT_LEN])
{
    (void)snprintf(ret, RETENTION_TEXT_LEN,
                   "tracks %" PRId64 ", records %" PRId64 ", alerts %" PRId64 ", trips %" PRId64
                   ", cases %" PRId64 ", sightings %" PRId64 ", photos %" PRId64 ", audit %" PRId64
                   ", changes %" PRId64 ", positions %" PRId64,
                   purged->tracks, purged->records, purged->alerts, purged->trips, purged->cases,
                   purged->sightings, purged->photos, purged->audit, purged->changes, purged->positions);
}

/* The line in the audit log, and the next pass begins at nothing. */
static int write_down(struct run *run)
{
    char text[RETENTION_TEXT_LEN];
    const struct store_purged none = {0};
    if (run->pass->dry || !is_any(&run->purged))
        return 0;
    retention_format(&run->purged, text);
    int rc = store_begin(run->store);
    if (rc == 0)
        rc = store_audit(run->store, run->pass->who, "purged", text, run->pass->now_utc_ms);
    if (rc == 0)
        rc = store_purged_put(run->store, &none);
    if (rc == 0)
        rc = store_commit(run->store);
    if (rc != 0)
        store_rollback(run->store);
    else
        (void)store_purge_settle(run->store); /* else a later one does */
    return rc;
}

/* Rows before their records: what is shown always has the record that says so. */
static int purge_all(struct run *run)
{
    const struct {
        enum store_purge what;
        int64_t *count;
    } rows[] = {
        {STORE_PURGE_CASES, &run->purged.cases},     {STORE_PURGE_ALERTS, &run->purged.alerts},
        {STORE_PURGE_TRIPS, &run->purged.trips},     {STORE_PURGE_SIGHTINGS, &run->purged.sightings},
        {STORE_PURGE_PHOTOS, &run->purged.photos},   {STORE_PURGE_AUDIT, &run->purged.audit},
        {STORE_PURGE_CHANGES, &run->purged.changes},
    };
    int rc = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && rc == 0; i++)
        rc = purge_rows(run, rows[i].what, rows[i].count);
    if (rc == 0)
        rc = purge_positions(run);
    return rc == 0 ? purge_vehicles(run) : rc;
}

int retention_run(struct store *store, const struct retention_pass *pass, struct store_purged *ret_purged)
{
    struct run run = {.store = store, .pass = pass};
    const struct retention_settings *settings = pass->settings;
    run.cutoffs = (struct store_cutoffs){.tracks_utc_ms = cutoff(&run, settings->tracks_days),
                                         .evidence_utc_ms = cutoff(&run, settings->evidence_days),
                                         .trips_utc_ms = cutoff(&run, settings->trips_days),
                                         .sightings_utc_ms = cutoff(&run, settings->sightings_days),
                                         .photos_utc_ms = cutoff(&run, settings->photos_days),
                                         .audit_utc_ms = cutoff(&run, settings->audit_days),
                                         .changes_utc_ms = cutoff(&run, settings->changes_days)};
    int rc = pass->dry ? 0 : store_purged(store, &run.purged);
    if (rc == 0)
        rc = purge_all(&run);
    if (rc == 0)
        rc = write_down(&run);
    free(run.kept);
    *ret_purged = run.purged;
    return rc;
}
