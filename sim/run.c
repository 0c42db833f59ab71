#include "sim/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/live.h"
#include "sim/record.h"

enum { STEPS_MAX = 6 * 3600 * (1000 / VEHICLE_STEP_MS) }; /* six hours: no school run is longer */

struct run {
    const struct scenario *scenario;
    const struct run_options *options;
    int64_t start_utc_ms;
    int64_t start_mono_ms; /* real time only */
    struct atlas *atlas;
    struct live *live;
    struct vehicle *vehicles[SCENARIO_VEHICLES_MAX];
    struct record *records[SCENARIO_VEHICLES_MAX];
    char *reason;
};

static int failed(struct run *run, int rc, const char *what)
{
    (void)snprintf(run->reason, RUN_REASON_LEN, "%s: %s", what, strerror(-rc));
    return rc;
}

static int read_roads(struct run *run)
{
    int rc = atlas_create(&run->atlas);
    if (rc != 0)
        return failed(run, rc, "roads");
    rc = atlas_read(run->atlas, run->scenario->routes, run->reason);
    if (rc == 0 && run->scenario->roads[0] != '\0')
        rc = atlas_read(run->atlas, run->scenario->roads, run->reason);
    return rc;
}

static int make_vehicles(struct run *run)
{
    for (size_t i = 0; i < run->scenario->n_vehicles; i++) {
        const struct scenario_vehicle *vehicle = &run->scenario->vehicles[i];
        int rc = vehicle_create(vehicle, run->atlas, run->scenario->seed, &run->vehicles[i], run->reason);
        if (rc != 0)
            return rc;
        if (run->options->out == NULL)
            continue;
        const struct vehicle_licensed licensed = vehicle_licensed(run->vehicles[i]);
        rc = record_create(run->options->out, vehicle, &licensed, &run->records[i]);
        if (rc != 0)
            return failed(run, rc, run->options->out);
    }
    return 0;
}

/* Set the clock: the scenario's, or in real time the next whole second of now. */
static int start_clock(struct run *run)
{
    run->start_utc_ms = run->scenario->start_utc_ms;
    if (!run->options->realtime)
        return 0;
    int rc = live_create(run->scenario, &run->live, run->reason);
    if (rc != 0)
        return rc;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
    run->start_utc_ms = ((int64_t)now.tv_sec + 1) * 1000;
    run->start_mono_ms = live_mono_ms() + 1000 - now.tv_nsec / 1000000;
    return 0;
}

static void tell(const struct run *run, const char *vehicle, int64_t utc_ms, const char *text)
{
    int64_t second = (utc_ms / 1000 + (int64_t)run->scenario->utc_offset_min * 60) % 86400;
    (void)fprintf(run->options->timeline, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 " %s  %s\n", second / 3600,
                  second / 60 % 60, second % 60, vehicle, text);
}

static int step_vehicle(struct run *run, size_t i, int64_t utc_ms, bool *ret_done)
{
    const char *id = run->scenario->vehicles[i].id;
    struct vehicle_output out;
    vehicle_step(run->vehicles[i], &out);
    for (size_t e = 0; e < out.n_events; e++)
        tell(run, id, utc_ms, out.events[e]);
    int rc = 0;
    if (run->live != NULL)
        rc = live_send(run->live, i, utc_ms, &out);
    if (rc == 0 && run->records[i] != NULL)
        rc = record_step(run->records[i], utc_ms, &out);
    if (rc != 0)
        return failed(run, rc, id);
    *ret_done = out.done;
    return 0;
}

static int play(struct run *run)
{
    for (int64_t step = 0; step < STEPS_MAX; step++) {
        int rc = run->live == NULL ? 0 : live_wait(run->live, run->start_mono_ms + step * VEHICLE_STEP_MS);
        if (*run->options->stop != 0)
            return 0;
        if (rc != 0)
            return failed(run, rc, "SLCAN terminal");
        bool all_done = true;
        for (size_t i = 0; i < run->scenario->n_vehicles; i++) {
            bool done;
            rc = step_vehicle(run, i, run->start_utc_ms + step * VEHICLE_STEP_MS, &done);
            if (rc != 0)
                return rc;
            all_done = all_done && done;
        }
        if (fflush(run->options->timeline) != 0)
            return failed(run, -errno, "timeline");
        if (all_done)
            return 0;
    }
    return failed(run, -ETIMEDOUT, "six hours and not arrived");
}

static int finish(struct run *run)
{
    for (size_t i = 0; i < run->scenario->n_vehicles; i++) {
        const char *id = run->scenario->vehicles[i].id;
        int rc = run->records[i] == NULL ? 0 : record_finish(run->records[i]);
        if (rc != 0)
            return failed(run, rc, id);
        if (run->live == NULL)
            continue;
        struct live_losses losses = live_losses(run->live, i);
        if (losses.sentences + losses.frames > 0)
            (void)fprintf(run->options->timeline,
                          "%s  lost: %" PRIu64 " sentences that no gpsd took, %" PRIu64
                          " frames that nobody read\n",
                          id, losses.sentences, losses.frames);
    }
    return 0;
}

int run_scenario(const struct scenario *scenario, const struct run_options *options,
                 char ret_reason[RUN_REASON_LEN])
{
    struct run run = {.scenario = scenario, .options = options, .reason = ret_reason};
    int rc = read_roads(&run);
    if (rc == 0)
        rc = make_vehicles(&run);
    if (rc == 0)
        rc = start_clock(&run);
    if (rc == 0)
        rc = play(&run);
    if (rc == 0)
        rc = finish(&run);
    for (size_t i = 0; i < SCENARIO_VEHICLES_MAX; i++) {
        record_free(run.records[i]);
        vehicle_free(run.vehicles[i]);
    }
    live_free(run.live);
    atlas_free(run.atlas);
    return rc;
}
