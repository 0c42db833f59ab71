#include "bureau/rejudge/rejudge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bureau/rejudge/internal.h"
#include "bureau/rejudge/reader.h"

enum {
    SILENCE_MS = 60000,     /* in the midst of positions: what was before is over */
    LIVE_MS = 60000,        /* a position that is here so soon came from a vehicle that is connected */
    EMPTY_STAND_MS = 10000, /* with nobody aboard: the ignition may have been switched off */
    LEAD_MS = 7200000,      /* judged before and after the time asked for, so that no drive is cut */
    PROGRESS_FIXES = 4096,
};
static const double STANDING_MPS = 1;

const char *rejudge_what_name(enum rejudge_what what)
{
    static const char *const names[] = {
        [REJUDGE_MISSING] = "missing", [REJUDGE_UNSAID] = "unsaid", [REJUDGE_UNSHOWN] = "unshown"};
    return names[what];
}

/* One licence that may have been in force, or is on trial. */
struct party {
    struct walk *walk;
    struct issued licence;
    struct trackjudge *judge;
    struct list spans;    /* struct trackjudge_span */
    struct list received; /* int64_t, of each */
};

struct walk {
    struct store *store;
    const struct rejudge_options *options;
    struct rejudge_totals *totals;
    uint64_t records_before; /* of the vehicles before this one */
    struct dossier dossier;

    /* The present stretch. */
    bool open;
    struct candidates candidates;
    size_t n_parties; /* the last one is the newest; with a trial the last is that */
    struct party parties[REJUDGE_LICENCES_MAX + 1];
    struct issued orders;
    int64_t next_issue_utc_ms;
    struct reader_fix last;
    struct bw_track_fix stand; /* where it stands with nobody aboard; utc_ms 0: it does not */
    bool stand_noted;
    int64_t live_utc_ms;  /* first heard in this stretch; 0 = not yet */
    int64_t heard_utc_ms; /* in those before, last */
};

/* --- findings --- */

static int report(struct walk *walk, struct rejudge_finding finding)
{
    finding.vehicle = walk->dossier.vehicle;
    walk->totals->found[finding.what]++;
    if (walk->options->on_finding == NULL)
        return 0;
    return walk->options->on_finding(walk->options->context, &finding);
}

static struct compare_said said_of(const struct walk *walk)
{
    const struct dossier *dossier = &walk->dossier;
    return (struct compare_said){.n_alerts = dossier->alerts.n,
                                 .alerts = dossier->alerts.rows,
                                 .n_gaps = dossier->gaps.n,
                                 .gaps = dossier->gaps.rows,
                                 .n_trips = dossier->trips.n,
                                 .trips = dossier->trips.rows,
                                 .alerts_wait = dossier->alerts_wait,
                                 .patient_utc_ms = walk->options->now_utc_ms - REJUDGE_PATIENCE_MS,
                                 .settled_utc_ms = walk->options->now_utc_ms - REJUDGE_SETTLE_MS};
}

static bool asked_for(const struct walk *walk, int64_t utc_ms)
{
    return utc_ms >= walk->options->from_utc_ms && utc_ms < walk->options->to_utc_ms;
}

/* From when on it held one of the candidates. One that no signed record names was taken up when the vehicle
 * was heard after its issue. */
static int64_t known_utc_ms(const struct walk *walk)
{
    const struct candidates *candidates = &walk->candidates;
    if (!candidates->known)
        return INT64_MAX;
    if (!candidates->assumed || walk->heard_utc_ms >= candidates->heard_utc_ms)
        return INT64_MIN;
    if (walk->live_utc_ms == 0)
        return INT64_MAX;
    const int64_t live_utc_ms =
        walk->live_utc_ms > candidates->heard_utc_ms ? walk->live_utc_ms : candidates->heard_utc_ms;
    return live_utc_ms + LIVE_MS;
}

static int compare_span(struct walk *walk, const struct party *newest, size_t at)
{
    const struct trackjudge_span *span = (const struct trackjudge_span *)newest->spans.rows + at;
    const struct compare_said said = said_of(walk);
    const struct bw_thresholds thresholds = engine_thresholds(&newest->licence.u.licence);
    struct compare_spans others[REJUDGE_LICENCES_MAX];
    struct compare_shown shown = {.span = span,
                                  .thresholds = &thresholds,
                                  .received_utc_ms = ((const int64_t *)newest->received.rows)[at],
                                  .known_utc_ms = known_utc_ms(walk),
                                  .others = others};
    for (const struct party *party = walk->parties; party < newest; party++)
        others[shown.n_others++] = (struct compare_spans){party->spans.n, party->spans.rows};
    if (compare_is_said(&said, span)) {
        walk->totals->agreed++;
        return 0;
    }
    if (span->severity <= BW_NOTICE)
        return 0; /* it accuses nobody, and nobody is accused for it */
    const enum compare_doubt doubt = compare_doubt(&said, &shown);
    return report(walk,
                  (struct rejudge_finding){.what = doubt == DOUBT_NONE ? REJUDGE_MISSING : REJUDGE_UNSAID,
                                           .doubt = doubt,
                                           .kind = span->kind,
                                           .severity = span->severity,
                                           .from_utc_ms = span->from_utc_ms,
                                           .to_utc_ms = span->to_utc_ms,
                                           .licence_version = newest->licence.u.licence.version,
                                           .lat_deg = span->lat_deg,
                                           .lon_deg = span->lon_deg});
}

static void count(const struct walk *walk, const struct party *party, rejudge_counts counts)
{
    const struct trackjudge_span *spans = party->spans.rows;
    for (size_t i = 0; i < party->spans.n; i++)
        counts[spans[i].kind][spans[i].severity] += asked_for(walk, spans[i].from_utc_ms);
}

static int take_spans(struct walk *walk)
{
    const bool trial = walk->options->trial != NULL;
    const struct party *last = &walk->parties[walk->n_parties - 1], *newest = trial ? last - 1 : last;
    int error = 0;
    count(walk, newest, walk->totals->shown);
    if (trial)
        count(walk, last, walk->totals->tried);
    for (size_t i = 0; !trial && i < newest->spans.n && error == 0; i++)
        if (asked_for(walk, ((const struct trackjudge_span *)newest->spans.rows)[i].from_utc_ms))
            error = compare_span(walk, newest, i);
    return error;
}

/* --- one stretch --- */

static int on_span(void *context, const struct trackjudge_span *span)
{
    struct party *party = context;
    void *row;
    int error = list_add(&party->spans, sizeof *span, &row);
    if (error != 0)
        return error;
    memcpy(row, span, sizeof *span);
    error = list_add(&party->received, sizeof(int64_t), &row);
    if (error == 0)
        *(int64_t *)row = party->walk->last.received_utc_ms;
    return error;
}

static void drop_stretch(struct walk *walk)
{
    for (size_t i = 0; i < walk->n_parties; i++) {
        struct party *party = &walk->parties[i];
        trackjudge_free(party->judge);
        issued_free(&party->licence);
        free(party->spans.rows);
        free(party->received.rows);
        *party = (struct party){0};
    }
    walk->n_parties = 0;
    issued_free(&walk->orders);
    walk->open = false;
}

static void override(struct bw_thresholds *thresholds, const struct bw_thresholds *by)
{
    enum { N = sizeof *by / sizeof(uint32_t) }; /* nothing else is in it */
    uint32_t set[N], now[N];
    memcpy(set, by, sizeof set);
    memcpy(now, thresholds, sizeof now);
    for (size_t i = 0; i < N; i++)
        now[i] = set[i] != 0 ? set[i] : now[i];
    memcpy(thresholds, now, sizeof now);
}

/* `licence`: NULL = that of the party. */
static int begin_party(struct walk *walk, struct party *party, const struct bw_licence *licence)
{
    const struct bw_orders *orders = walk->orders.u.orders.version > 0 ? &walk->orders.u.orders : NULL;
    party->walk = walk;
    return trackjudge_create(licence != NULL ? licence : &party->licence.u.licence, orders, on_span, party,
                             &party->judge);
}

static int begin_trial(struct walk *walk)
{
    const struct rejudge_trial *trial = walk->options->trial;
    struct party *party = &walk->parties[walk->n_parties++];
    party->licence.kind = ISSUED_LICENCE;
    const size_t newest = walk->candidates.first + walk->candidates.n - 1;
    int error = 0;
    if (trial->licence == NULL)
        error = dossier_open(walk->store, &walk->dossier, ISSUED_LICENCE, newest, &party->licence);
    override(&party->licence.u.licence.thresholds, &trial->thresholds);
    return error == 0 ? begin_party(walk, party, trial->licence) : error;
}

/* What was in force at this instant. Only the newest licence is tried against. */
static int begin_stretch(struct walk *walk, int64_t utc_ms)
{
    walk->open = true;
    walk->live_utc_ms = 0;
    walk->orders = (struct issued){.kind = ISSUED_ORDERS};
    walk->next_issue_utc_ms = dossier_next_issue(&walk->dossier, utc_ms);
    walk->candidates = dossier_candidates(&walk->dossier, utc_ms);
    const struct candidates *candidates = &walk->candidates;
    const int64_t orders = dossier_newest(&walk->dossier, ISSUED_ORDERS, utc_ms);
    int error = 0;
    if (candidates->n > 0 && orders >= 0)
        error = dossier_open(walk->store, &walk->dossier, ISSUED_ORDERS, (size_t)orders, &walk->orders);
    for (size_t i = walk->options->trial != NULL && candidates->n > 0 ? candidates->n - 1 : 0;
         i < candidates->n && error == 0; i++) {
        struct party *party = &walk->parties[walk->n_parties++];
        party->licence.kind = ISSUED_LICENCE;
        error =
            dossier_open(walk->store, &walk->dossier, ISSUED_LICENCE, candidates->first + i, &party->licence);
        if (error == 0)
            error = begin_party(walk, party, NULL);
    }
    if (error == 0 && walk->options->trial != NULL && walk->n_parties > 0)
        error = begin_trial(walk);
    return error;
}

static int end_stretch(struct walk *walk)
{
    int error = 0;
    for (size_t i = 0; i < walk->n_parties && error == 0; i++)
        error = trackjudge_end(walk->parties[i].judge);
    if (error == 0 && walk->n_parties > 0)
        error = take_spans(walk);
    if (walk->live_utc_ms > 0 && walk->last.fix.utc_ms > walk->heard_utc_ms)
        walk->heard_utc_ms = walk->last.fix.utc_ms;
    drop_stretch(walk);
    return error;
}

/* True once a stand with nobody aboard: for all that the track says the trip is over, and the next one a new
 * start. */
static bool empty_stand(struct walk *walk, const struct bw_track_fix *fix)
{
    if (fix->quality != BW_QUALITY_GOOD || fix->aboard != 0) {
        walk->stand.utc_ms = 0;
        return false;
    }
    const double m = walk->stand.utc_ms != 0 ? trackjudge_apart_m(&walk->stand, fix) : 0;
    if (walk->stand.utc_ms == 0 || m > STANDING_MPS * EMPTY_STAND_MS / 1000) {
        walk->stand = *fix;
        walk->stand_noted = false;
        return false;
    }
    const bool noted = walk->stand_noted;
    walk->stand_noted = fix->utc_ms - walk->stand.utc_ms >= EMPTY_STAND_MS;
    return walk->stand_noted && !noted;
}

static int take_fix(struct walk *walk, const struct reader_fix *now)
{
    const struct bw_track_fix *fix = &now->fix;
    int error = 0;
    if (walk->open) {
        const int64_t passed_ms = fix->utc_ms - walk->last.fix.utc_ms;
        if (passed_ms <= 0 || passed_ms > SILENCE_MS || fix->utc_ms >= walk->next_issue_utc_ms ||
            empty_stand(walk, fix))
            error = end_stretch(walk);
        else if (walk->n_parties > 0)
            walk->totals->judged_ms += passed_ms;
    }
    if (error == 0 && !walk->open)
        error = begin_stretch(walk, fix->utc_ms);
    walk->last = *now;
    if (walk->live_utc_ms == 0 && now->received_utc_ms - fix->utc_ms < LIVE_MS)
        walk->live_utc_ms = fix->utc_ms;
    for (size_t i = 0; i < walk->n_parties && error == 0; i++)
        error = trackjudge_fix(walk->parties[i].judge, fix);
    return error;
}

/* --- one vehicle --- */

static int walk_tracks(struct walk *walk)
{
    const struct rejudge_options *options = walk->options;
    struct rejudge_totals *totals = walk->totals;
    struct reader *reader = NULL;
    struct reader_fix fix;
    int rc = reader_open(walk->store, walk->dossier.vehicle, options->from_utc_ms - LEAD_MS,
                         options->to_utc_ms + LEAD_MS, &reader);
    while (rc == 0 && (rc = reader_next(reader, &fix)) == 1) {
        rc = take_fix(walk, &fix);
        totals->records = walk->records_before + reader_records(reader);
        if (rc == 0 && ++totals->fixes % PROGRESS_FIXES == 0 && options->on_progress != NULL)
            rc = options->on_progress(options->context, totals);
    }
    if (rc == 0 && walk->open)
        rc = end_stretch(walk);
    drop_stretch(walk);
    reader_close(reader);
    walk->records_before = totals->records;
    return rc;
}

/* Counts them, and those that the tracks contradict are told. */
static int walk_alerts(struct walk *walk)
{
    const struct compare_alert *alerts = walk->dossier.alerts.rows;
    int rc = 0;
    for (size_t i = 0; i < walk->dossier.alerts.n && rc == 0; i++) {
        const struct compare_alert *alert = &alerts[i];
        if (!asked_for(walk, alert->from_utc_ms))
            continue;
        walk->totals->said[alert->kind][alert->severity]++;
        if (walk->options->trial != NULL)
            continue;
        rc = unshown(walk->store, &walk->dossier, alert);
        if (rc == 1)
            rc = report(walk, (struct rejudge_finding){.what = REJUDGE_UNSHOWN,
                                                       .kind = alert->kind,
                                                       .severity = alert->severity,
                                                       .from_utc_ms = alert->from_utc_ms,
                                                       .to_utc_ms = alert->to_utc_ms,
                                                       .licence_version = alert->licence_version,
                                                       .number = alert->number});
    }
    return rc;
}

static int walk_vehicle(struct walk *walk, const char *vehicle)
{
    int rc = store_begin_reading(walk->store);
    if (rc != 0)
        return rc;
    walk->heard_utc_ms = 0;
    walk->stand.utc_ms = 0;
    rc = dossier_load(walk->store, vehicle, walk->options->from_utc_ms, walk->options->to_utc_ms,
                      &walk->dossier);
    if (rc == 0)
        rc = walk_tracks(walk);
    if (rc == 0)
        rc = walk_alerts(walk);
    dossier_free(&walk->dossier);
    store_rollback(walk->store);
    walk->totals->vehicles++;
    return rc;
}

/* What is wrong with this vehicle's evidence alone; NULL: the store or the memory fails. */
static const char *why_unjudged(int error)
{
    switch (error) {
    case -E2BIG:
        return "more chains of tracks, or rows of one kind, than can be judged";
    case -EBADMSG:
    case -EMSGSIZE:
    case -EKEYREJECTED:
        return "the store holds something of it that cannot be read (`verify` looks through it)";
    default:
        return NULL;
    }
}

static int walk_one(struct walk *walk, const char *vehicle)
{
    const int rc = walk_vehicle(walk, vehicle);
    const char *why = why_unjudged(rc);
    if (why == NULL)
        return rc;
    walk->totals->unjudged++;
    return walk->options->on_unjudged == NULL
               ? 0
               : walk->options->on_unjudged(walk->options->context, vehicle, why);
}

int rejudge_store(struct store *store, const struct rejudge_options *options,
                  struct rejudge_totals *ret_totals)
{
    char vehicle[BW_ID_LEN] = "";
    *ret_totals = (struct rejudge_totals){0};
    struct walk *walk = calloc(1, sizeof *walk); /* it is large */
    if (walk == NULL)
        return -ENOMEM;
    walk->store = store;
    walk->options = options;
    walk->totals = ret_totals;
    int rc = 0;
    if (options->vehicle != NULL) {
        rc = walk_one(walk, options->vehicle);
    } else {
        while (rc == 0 && (rc = store_next_vehicle(store, vehicle, vehicle)) == 0)
            rc = walk_one(walk, vehicle);
        rc = rc == -ENOENT ? 0 : rc;
    }
    free(walk);
    return rc;
}
