#include "sim/truth.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proto/utc.h"

/* One kind of offence in progress: a value against a limit. */
struct watch {
    const char *kind;
    double limit;
    double last;  /* value a step ago */
    json_t *open; /* borrowed from `expected` while the limit is passed */
    double peak;
};

enum { WATCHES = BW_KIND_COUNT };

struct truth {
    const struct scenario_vehicle *scenario;
    struct vehicle_licensed licensed;
    struct watch watches[WATCHES]; /* by kind; without a name: not watched */
    json_t *expected, *seconds;
};

/* What a watch is told of something that is so or not, and when it is so. */
static const double SO = 1, BETWEEN = 0.5;
static const double WALK_KMH = 5; /* below it a vehicle stands, or nearly */

int truth_create(const struct scenario_vehicle *scenario, const struct vehicle_licensed *licensed,
                 struct truth **ret)
{
    struct truth *truth = calloc(1, sizeof *truth);
    if (truth == NULL)
        return -ENOMEM;
    truth->scenario = scenario;
    truth->licensed = *licensed;
    const struct watch watches[WATCHES] = {
        [BW_OVERLOAD] = {.kind = "OVERLOAD", .limit = scenario->capacity},
        [BW_OFF_ROUTE] = {.kind = "OFF_ROUTE", .limit = licensed->half_width_m},
        [BW_OUT_OF_HOURS] = {.kind = "OUT_OF_HOURS", .limit = BETWEEN},
        [BW_UNAPPROVED_STOP] = {.kind = "UNAPPROVED_STOP", .limit = BETWEEN},
        [BW_OVERSPEED] = {.kind = "OVERSPEED", .limit = licensed->limit_kmh},
        [BW_UNBELTED] = {.kind = "UNBELTED", .limit = BETWEEN},
        [BW_DOOR_OPEN_MOVING] = {.kind = "DOOR_OPEN_MOVING", .limit = WALK_KMH},
        [BW_CHILD_LEFT_BEHIND] = {.kind = "CHILD_LEFT_BEHIND", .limit = BETWEEN},
        [BW_SENSOR_FAULT] = {.kind = "SENSOR_FAULT", .limit = BETWEEN},
        [BW_TAMPER] = {.kind = "TAMPER", .limit = BETWEEN},
    };
    memcpy(truth->watches, watches, sizeof watches);
    truth->expected = json_array();
    truth->seconds = json_array();
    if (truth->expected == NULL || truth->seconds == NULL) {
        truth_free(truth);
        return -ENOMEM;
    }
    *ret = truth;
    return 0;
}

void truth_free(struct truth *truth)
{
    if (truth == NULL)
        return;
    json_decref(truth->expected);
    json_decref(truth->seconds);
    free(truth);
}

static json_t *instant(int64_t utc_ms)
{
    char text[UTC_TEXT_LEN];
    utc_format(utc_ms, text);
    return json_string(text);
}

/* When the value passed the limit between the last step and this one. */
static int64_t crossing_utc_ms(const struct watch *watch, double value, int64_t utc_ms)
{
    double part = (watch->limit - watch->last) / (value - watch->last);
    return utc_ms - VEHICLE_STEP_MS + (int64_t)(part * VEHICLE_STEP_MS);
}

static int watch_step(struct watch *watch, json_t *expected, double value, int64_t utc_ms)
{
    int rc = 0;
    if (watch->open == NULL && value > watch->limit) {
        json_t *entry =
            json_pack("{s:s, s:o, s:n, s:f}", "kind", watch->kind, "raised_after",
                      instant(crossing_utc_ms(watch, value, utc_ms)), "cleared_after", "peak", value);
        if (json_array_append_new(expected, entry) != 0)
            return -ENOMEM;
        watch->open = entry;
        watch->peak = value;
    } else if (watch->open != NULL && value <= watch->limit) {
        rc =
            json_object_set_new(watch->open, "cleared_after", instant(crossing_utc_ms(watch, value, utc_ms)));
        watch->open = NULL;
    } else if (watch->open != NULL && value > watch->peak) {
        watch->peak = value;
        rc = json_object_set_new(watch->open, "peak", json_real(value));
    }
    watch->last = value;
    return rc == 0 ? 0 : -ENOMEM;
}

/* A journey with pupils begins when the bus drives, and ends when the last is off. */
static bool carries(const struct truth *truth, const struct vehicle_truth *now)
{
    const bool begun = now->speed_mps * 3.6 > WALK_KMH || truth->watches[BW_OUT_OF_HOURS].open != NULL;
    return begun && now->aboard > 0;
}

static bool out_of_hours(const struct scenario_vehicle *scenario, int64_t utc_ms)
{
    if (scenario->window_end_min == 0)
        return false;
    const int64_t minute = (utc_ms / 60000 + scenario->utc_offset_min) % 1440;
    return minute < scenario->window_start_min || minute >= scenario->window_end_min;
}

/* It shows in use, and ends only when they are heard again. */
static bool sensors_fail(const struct truth *truth, const struct vehicle_truth *now)
{
    const bool failing = now->silent || truth->scenario->broken_bench >= 0;
    return failing && (now->ignition_on || truth->watches[BW_SENSOR_FAULT].open != NULL);
}

int truth_step(struct truth *truth, int64_t utc_ms, const struct vehicle_truth *now)
{
    const double speed_kmh = now->speed_mps * 3.6;
    const bool moves = speed_kmh > WALK_KMH;
    const bool left = !now->ignition_on && !now->door_open;
    const double values[WATCHES] = {
        [BW_OVERLOAD] = now->aboard,
        [BW_OFF_ROUTE] = now->off_m,
        [BW_OUT_OF_HOURS] = carries(truth, now) && out_of_hours(truth->scenario, utc_ms) ? SO : 0,
        [BW_UNAPPROVED_STOP] = now->away_from_stop ? SO : 0,
        [BW_OVERSPEED] = now->aboard > 0 ? speed_kmh : 0,
        [BW_UNBELTED] = moves ? now->unbelted : 0,
        [BW_DOOR_OPEN_MOVING] = now->door_open ? speed_kmh : 0,
        [BW_CHILD_LEFT_BEHIND] = left ? now->aboard : 0,
        [BW_SENSOR_FAULT] = sensors_fail(truth, now) ? SO : 0,
        [BW_TAMPER] = now->power_cut || now->antenna_cut ? SO : 0,
    };
    int rc = 0;
    for (size_t kind = 0; rc == 0 && kind < WATCHES; kind++) {
        if (truth->watches[kind].kind != NULL)
            rc = watch_step(&truth->watches[kind], truth->expected, values[kind], utc_ms);
    }
    if (rc != 0 || utc_ms % 1000 != 0)
        return rc;
    json_t *second = json_pack("{s:o, s:f, s:f, s:f, s:f, s:f, s:i, s:b, s:b, s:b}", "time", instant(utc_ms),
                               "lat", now->at.lat_deg, "lon", now->at.lon_deg, "s_m", now->s_m, "speed_mps",
                               now->speed_mps, "off_m", now->off_m, "aboard", (int)now->aboard, "door_open",
                               now->door_open, "ignition_on", now->ignition_on, "sky", now->sky);
    return json_array_append_new(truth->seconds, second) == 0 ? 0 : -ENOMEM;
}

int truth_write(const struct truth *truth, const char *path)
{
    json_t *root =
        json_pack("{s:s, s:s, s:f, s:i, s:O, s:O}", "vehicle", truth->scenario->id, "route_id",
                  truth->scenario->route_id, "half_width_m", truth->licensed.half_width_m, "capacity",
                  (int)truth->scenario->capacity, "expected", truth->expected, "seconds", truth->seconds);
    if (root == NULL)
        return -ENOMEM;
    int rc = json_dump_file(root, path, JSON_INDENT(1) | JSON_REAL_PRECISION(10)) == 0 ? 0 : -EIO;
    json_decref(root);
    return rc;
}
