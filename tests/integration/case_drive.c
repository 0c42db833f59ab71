/* What a vehicle would send, for tests/integration/cases: signed records in files, to be published one by
 * one. case_drive SECRET DIVISION VEHICLE STREAM DIR WHAT... WHAT is, in order of its class's chain:
 *     alert:NUMBER:PHASE:UTC_MS[:SEVERITY]   an OVERLOAD; phases 1 to 3, severities 1 to 4 (2)
 *     trip:BEGUN_MS:ENDED_MS
 *     track:UTC_MS:N                         N positions, a second apart, in records of ten
 * Prints "alert FILE" or "track FILE" for each. The chains begin at 1, or go on where DIR/chain left off.
 *     case_drive presence UTC_MS SPEED_MPS ABOARD
 * writes a presence message. */
#include "proto/seal.h"
#include "proto/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chain {
    uint64_t seq;
    uint8_t head[BW_HASH_LEN];
};

static struct {
    struct seal_key key;
    const char *division, *vehicle, *dir;
    uint8_t stream[BW_STREAM_LEN];
    struct chain chains[2]; /* by class - 1 */
} drive;

static FILE *open_file(const char *name, const char *mode)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", drive.dir, name);
    return fopen(path, mode);
}

static void keep(enum bw_record_class cls, const struct wire_body *body)
{
    struct chain *chain = &drive.chains[cls - 1];
    struct wire_record record = {.cls = cls, .seq = ++chain->seq};
    struct wire_bytes bytes = {0};
    char name[64];
    memcpy(record.stream, drive.stream, BW_STREAM_LEN);
    memcpy(record.prev, chain->head, BW_HASH_LEN);
    if (wire_body_encode(body, &bytes) != 0)
        exit(3);
    memcpy(record.body, bytes.data, bytes.len);
    record.body_len = bytes.len;
    wire_bytes_free(&bytes);
    seal_record_sign(&record, drive.division, drive.vehicle, &drive.key);
    seal_record_hash(&record, drive.division, drive.vehicle, chain->head);
    if (wire_record_encode(&record, &bytes) != 0)
        exit(3);
    const char *channel = cls == BW_RECORD_ALERT ? "alert" : "track";
    (void)snprintf(name, sizeof name, "%s-%d-%" PRIu64, channel, drive.stream[0], chain->seq);
    FILE *file = open_file(name, "wb");
    if (file == NULL || fwrite(bytes.data, bytes.len, 1, file) != 1 || fclose(file) != 0)
        exit(3);
    wire_bytes_free(&bytes);
    (void)printf("%s %s/%s\n", channel, drive.dir, name);
}

static int64_t next_number(char **at)
{
    char *text = strsep(at, ":");
    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static void put_alert(char *text)
{
    const int64_t number = next_number(&text), phase = next_number(&text), utc_ms = next_number(&text);
    const int64_t severity = next_number(&text);
    const struct wire_body body = {.type = WIRE_BODY_ALERT,
                                   .u.alert = {.kind = BW_OVERLOAD,
                                               .phase = (enum bw_phase)phase,
                                               .severity = severity ? (enum bw_severity)severity : BW_MINOR,
                                               .number = (uint64_t)number,
                                               .time_utc_ms = utc_ms,
                                               .raised_utc_ms = utc_ms - (phase - 1) * 1000,
                                               .has_position = true,
                                               .position = {29.14, 121.03, 5},
                                               .occupancy = {BW_QUALITY_GOOD, 20, 20, 20},
                                               .evidence.overload = {20, 20, 18}}};
    keep(BW_RECORD_ALERT, &body);
}

static void put_trip(char *text)
{
    const int64_t begun_utc_ms = next_number(&text);
    const struct wire_body body = {
        .type = WIRE_BODY_TRIP, .u.trip = {.begun_utc_ms = begun_utc_ms, .ended_utc_ms = next_number(&text)}};
    keep(BW_RECORD_ALERT, &body);
}

static void put_track(char *text)
{
    const int64_t utc_ms = next_number(&text), n = next_number(&text);
    struct wire_body body = {.type = WIRE_BODY_TRACK};
    for (int64_t i = 0; i < n; i++) {
        struct bw_track *track = &body.u.track;
        track->fixes[track->n++] = (struct bw_track_fix){.utc_ms = utc_ms + i * 1000,
                                                         .lat_deg = 29.14 + (double)i * 0.0001,
                                                         .lon_deg = 121.03,
                                                         .quality = BW_QUALITY_GOOD,
                                                         .aboard = 20};
        if (track->n == 10 || i + 1 == n) {
            keep(BW_RECORD_TRACK, &body);
            track->n = 0;
        }
    }
}

static int put_presence(char **argv)
{
    const uint16_t aboard = (uint16_t)strtoul(argv[4], NULL, 10);
    const struct bw_presence presence = {.online = true,
                                         .time_utc_ms = strtoll(argv[2], NULL, 10),
                                         .stream = {9},
                                         .has_position = true,
                                         .fix_utc_ms = strtoll(argv[2], NULL, 10),
                                         .lat_deg = 29.14,
                                         .lon_deg = 121.03,
                                         .speed_mps = strtof(argv[3], NULL),
                                         .occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard},
                                         .capacity = 18};
    struct wire_bytes bytes = {0};
    if (wire_presence_encode(&presence, &bytes) != 0 || fwrite(bytes.data, bytes.len, 1, stdout) != 1)
        return 3;
    wire_bytes_free(&bytes);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "presence") == 0)
        return put_presence(argv);
    if (argc < 7 || seal_init() != 0 || seal_secret_load(argv[1], &drive.key) != 0)
        return 2;
    drive.division = argv[2];
    drive.vehicle = argv[3];
    drive.stream[0] = (uint8_t)strtoul(argv[4], NULL, 10);
    drive.dir = argv[5];
    FILE *file = open_file("chain", "rb");
    if (file != NULL) {
        if (fread(drive.chains, sizeof drive.chains, 1, file) != 1)
            return 3;
        (void)fclose(file);
    }
    for (int i = 6; i < argc; i++) {
        char *text = argv[i];
        const char *what = strsep(&text, ":");
        if (strcmp(what, "alert") == 0)
            put_alert(text);
        else if (strcmp(what, "trip") == 0)
            put_trip(text);
        else if (strcmp(what, "track") == 0)
            put_track(text);
        else
            return 2;
    }
    file = open_file("chain", "wb");
    return file != NULL && fwrite(drive.chains, sizeof drive.chains, 1, file) == 1 && fclose(file) == 0 ? 0
                                                                                                        : 3;
}
