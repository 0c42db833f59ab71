#include "sim/record.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "sim/nmea.h"
#include "sim/truth.h"

/* Frames of one step leave one after the other; at 500 kbit/s one takes about a quarter of a millisecond. */
static const int64_t FRAME_US = 250;

enum { NMEA, TPV, CANDUMP, FILES };
static const char *const SUFFIX[FILES] = {[NMEA] = ".nmea", [TPV] = ".tpv.json", [CANDUMP] = ".candump.log"};

struct record {
    const struct scenario_vehicle *scenario;
    char stem[SCENARIO_PATH_LEN]; /* folder and vehicle */
    FILE *file[FILES];
    struct truth *truth;
};

static int open_files(struct record *record)
{
    for (int i = 0; i < FILES; i++) {
        char path[SCENARIO_PATH_LEN + 16];
        (void)snprintf(path, sizeof path, "%s%s", record->stem, SUFFIX[i]);
        record->file[i] = fopen(path, "we");
        if (record->file[i] == NULL)
            return -errno;
    }
    (void)fprintf(record->file[TPV], "%s\n", nmea_tpv_head);
    return 0;
}

int record_create(const char *folder, const struct scenario_vehicle *scenario,
                  const struct vehicle_licensed *licensed, struct record **ret)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return -errno;
    struct record *record = calloc(1, sizeof *record);
    if (record == NULL)
        return -ENOMEM;
    record->scenario = scenario;
    int len = snprintf(record->stem, sizeof record->stem, "%s/%s", folder, scenario->id);
    int rc = len < (int)sizeof record->stem ? open_files(record) : -ENAMETOOLONG;
    if (rc == 0)
        rc = truth_create(scenario, licensed, &record->truth);
    if (rc != 0) {
        record_free(record);
        return rc;
    }
    *ret = record;
    return 0;
}

/* 0 when all that was written before could be. */
static int close_files(struct record *record)
{
    int rc = 0;
    for (int i = 0; i < FILES; i++) {
        if (record->file[i] == NULL)
            continue;
        if (ferror(record->file[i]))
            rc = -EIO;
        if (fclose(record->file[i]) != 0)
            rc = -errno;
        record->file[i] = NULL;
    }
    return rc;
}

void record_free(struct record *record)
{
    if (record == NULL)
        return;
    (void)close_files(record); /* record_finish() has reported, if it was asked */
    truth_free(record->truth);
    free(record);
}

int record_step(struct record *record, int64_t utc_ms, const struct vehicle_output *out)
{
    for (size_t i = 0; i < out->n_frames; i++) {
        char line[CAN_LINE_LEN];
        can_candump_line(&out->frames[i], utc_ms * 1000 + (int64_t)i * FRAME_US, line);
        (void)fprintf(record->file[CANDUMP], "%s\n", line);
    }
    if (out->has_fix_report) {
        double altitude_m = record->scenario->altitude_m;
        struct nmea_cycle cycle;
        nmea_cycle(&out->fix, utc_ms, altitude_m, &cycle);
        for (size_t i = 0; i < NMEA_LINES; i++)
            (void)fputs(cycle.line[i], record->file[NMEA]);
        char tpv[NMEA_TPV_LEN];
        nmea_tpv(&out->fix, utc_ms, "/dev/gps0", altitude_m, tpv);
        (void)fprintf(record->file[TPV], "%s\n", tpv);
    }
    return truth_step(record->truth, utc_ms, &out->truth);
}

int record_finish(struct record *record)
{
    char path[SCENARIO_PATH_LEN + 16];
    (void)snprintf(path, sizeof path, "%s.truth.json", record->stem);
    int rc = close_files(record);
    int truth_rc = truth_write(record->truth, path);
    return rc != 0 ? rc : truth_rc;
}
