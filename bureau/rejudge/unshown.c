/* What a vehicle said against its tracks: do they say the opposite? */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bureau/rejudge/internal.h"
#include "bureau/rejudge/reader.h"

static const double STANDING_MPS = 3, SPEED_SHARE = 0.7, KMH = 3.6;
enum {
    BEFORE_MS = 60000, /* what was raised was so just before; every rule's hold by default is shorter */
    AFTER_MS = 5000,
    CHORD_MS = 10000, /* a speed is taken over so long */
    FIXES = 256,
};

struct look {
    size_t n;
    struct bw_track_fix fixes[FIXES];
};

/* The positions around the instant at which it was raised. -ENOENT: there is a silence in them. */
static int read_fixes(struct store *store, const char *vehicle, int64_t raised_utc_ms, struct look *ret)
{
    const int64_t from_utc_ms = raised_utc_ms - BEFORE_MS, to_utc_ms = raised_utc_ms + AFTER_MS;
    struct reader *reader = NULL;
    struct reader_fix fix;
    int64_t last_utc_ms = from_utc_ms;
    bool whole = true;
    int rc = reader_open(store, vehicle, from_utc_ms, to_utc_ms, &reader);
    while (rc == 0 && (rc = reader_next(reader, &fix)) == 1 && ret->n < FIXES) {
        whole = whole && fix.fix.utc_ms >= last_utc_ms && fix.fix.utc_ms - last_utc_ms <= TRACKJUDGE_GAP_MS;
        last_utc_ms = fix.fix.utc_ms;
        ret->fixes[ret->n++] = fix.fix;
        rc = 0;
    }
    reader_close(reader);
    if (rc < 0)
        return rc;
    return whole && ret->n > 0 && ret->n < FIXES && raised_utc_ms - last_utc_ms <= TRACKJUDGE_GAP_MS
               ? 0
               : -ENOENT;
}

static double top_mps(const struct look *look)
{
    double top = 0;
    for (size_t i = 0, from = 0; i < look->n; i++) {
        while (look->fixes[i].utc_ms - look->fixes[from].utc_ms > CHORD_MS)
            from++;
        const double s = (double)(look->fixes[i].utc_ms - look->fixes[from].utc_ms) / 1000;
        if (s > 0)
            top = fmax(top, trackjudge_apart_m(&look->fixes[from], &look->fixes[i]) / s);
    }
    return top;
}

static bool nobody_too_many(const struct look *look, uint32_t capacity)
{
    for (size_t i = 0; i < look->n; i++)
        if (look->fixes[i].quality != BW_QUALITY_GOOD || look->fixes[i].aboard > capacity)
            return false;
    return true;
}

/* On a route all the while, by the licence that the vehicle says it judged by. */
static int on_route(struct store *store, const struct dossier *dossier, const struct look *look,
                    uint64_t version)
{
    const struct list *issued = &dossier->issued[ISSUED_LICENCE];
    struct issued licence = {.kind = ISSUED_LICENCE};
    size_t at = 0;
    while (at < issued->n && ((const struct dated *)issued->rows)[at].version != version)
        at++;
    if (at == issued->n)
        return 0;
    int rc = dossier_open(store, dossier, ISSUED_LICENCE, at, &licence);
    if (rc != 0)
        return rc;
    void *memory = malloc(engine_size(&licence.u.licence));
    rc = memory != NULL ? 1 : -ENOMEM;
    struct engine *engine = rc == 1 ? engine_init(memory, &licence.u.licence, 1) : NULL;
    for (size_t i = 0; rc == 1 && i < look->n; i++) {
        struct bw_alert alerts[ENGINE_ALERTS_MAX];
        const struct bw_track_fix *fix = &look->fixes[i];
        const struct bw_event event = {
            .type = BW_EVENT_FIX,
            .mono_ms = fix->utc_ms - look->fixes[0].utc_ms + 1,
            .utc_ms = fix->utc_ms,
            .clock = BW_CLOCK_GNSS,
            .u.fix = {{fix->lat_deg, fix->lon_deg, (double)NAN}, (double)NAN, (double)NAN}};
        (void)engine_step(engine, &event, alerts);
        rc = engine_route(engine) >= 0;
    }
    free(memory);
    issued_free(&licence);
    return rc;
}

int unshown(struct store *store, const struct dossier *dossier, const struct compare_alert *alert)
{
    struct look look = {0};
    if (!trackjudge_judges(alert->kind) || alert->from_utc_ms == 0)
        return 0;
    const int error = read_fixes(store, dossier->vehicle, alert->from_utc_ms, &look);
    if (error != 0)
        return error == -ENOENT ? 0 : error;
    switch (alert->kind) {
    case BW_OVERLOAD:
        return alert->limit > 0 && nobody_too_many(&look, alert->limit);
    case BW_OFF_ROUTE:
        return on_route(store, dossier, &look, alert->licence_version);
    case BW_OVERSPEED:
        return alert->limit > 0 && top_mps(&look) * KMH < SPEED_SHARE * alert->limit;
    default: /* OUT_OF_HOURS, UNLICENSED: for driving */
        return top_mps(&look) < STANDING_MPS / 2;
    }
}
