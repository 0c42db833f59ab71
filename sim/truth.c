#include "sim/truth.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "proto/utc.h"

/* One kind of offence in progress: a value against a limit. */
struct watch {
    const char *kind;
    double limit;
    double last;  /* value a step ago */
    json_t *open; /* borrowed from `expected` while the limit is passed */
    double peak;
};

struct truth {
    const struct scenario_vehicle *scenario;
    double half_width_m;
    struct watch overload, off_route;
    json_t *expected, *seconds;
};

int truth_create(const struct scenario_vehicle *scenario, double half_width_m, struct truth **ret)
{
    struct truth *truth = calloc(1, sizeof *truth);
    if (truth == NULL)
        return -ENOMEM;
    truth->scenario = scenario;
    truth->half_width_m = half_width_m;
    truth->overload = (struct watch){.kind = "OVERLOAD", .limit = scenario->capacity};
    truth->off_route = (struct watch){.kind = "OFF_ROUTE", .limit = half_width_m};
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

int truth_step(struct truth *truth, int64_t utc_ms, const struct vehicle_truth *now)
{
    int rc = watch_step(&truth->overload, truth->expected, now->aboard, utc_ms);
    if (rc == 0)
        rc = watch_step(&truth->off_route, truth->expected, now->off_m, utc_ms);
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
                  truth->scenario->route_id, "half_width_m", truth->half_width_m, "capacity",
                  (int)truth->scenario->capacity, "expected", truth->expected, "seconds", truth->seconds);
    if (root == NULL)
        return -ENOMEM;
    int rc = json_dump_file(root, path, JSON_INDENT(1) | JSON_REAL_PRECISION(10)) == 0 ? 0 : -EIO;
    json_decref(root);
    return rc;
}
