/* Bytes that a position takes on the wire. See --help. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/outbox/outbox.h"
#include "gateway/source/tpv.h"
#include "gateway/watch.h"
#include "proto/topic.h"
#include "tests/bench/wire_peers.h"

/* clang-format off */
static const char usage[] =
    "usage: bench_wire TPV.json...\n"
    "Bytes a position on recorded drives, as `gpspipe -w` writes them, thinned like the gateway's track: records as the\n"
    "outbox seals them (signed, chained; the MQTT payload) in batches of 10 and of 60, and with the MQTT header and topic;\n"
    "beside them one JT/T 808-2019 0x0200 frame, one GTFS-Realtime message and one JSON object for each position, all\n"
    "unsigned and without their transport. Persons aboard, which no receiver records, change every two minutes.\n"
    "What was sealed is decoded again: worst error of position and time, persons and quality exactly.\n"
    "Exit status 0: at most 16 bytes in batches of 10 and 8 in batches of 60 (of recordings of 60 positions and more),\n"
    "0.2 m, 0.1 s; 1: not so; 2: bad recording.\n";
/* clang-format on */

enum { FIXES_MAX = 100000, LINE_MAX_BYTES = 65536, SIZES = 2, BAR_FIXES = 60 };
static const size_t batch_sizes[SIZES] = {10, 60};
static const double bar_bytes[SIZES] = {16, 8}, BAR_M = 0.2, BAR_S = 0.1;
static const char division[] = "331023", vehicle[] = "bus-a";

struct drive {
    size_t n;
    struct peer_fix fixes[FIXES_MAX];
};

struct cost {
    size_t payload, published; /* bytes of all records; with MQTT's header */
};

struct worst {
    double metres, seconds;
    bool state_wrong;
};

static _Noreturn void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_wire: %s: %s\n", what, why);
    exit(2);
}

/* --- the recording --- */

/* Two minutes each; after a stop the count is in doubt for 20 s. */
static void get_aboard(int64_t utc_ms, struct bw_track_fix *ret)
{
    const int64_t stop = utc_ms / 120000, since_ms = utc_ms % 120000;
    ret->aboard = (uint16_t)(stop * 7 % 19);
    ret->quality = since_ms < 20000 ? BW_QUALITY_DEGRADED : BW_QUALITY_GOOD;
}

static void load(const char *path, struct drive *drive)
{
    static char line[LINE_MAX_BYTES];
    static const struct gps_window any = {.floor_utc_ms = 1, .ceiling_utc_ms = INT64_MAX};
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die(path, strerror(errno));
    drive->n = 0;
    int64_t last_utc_ms = -WATCH_FIX_SPACING_MS;
    while (fgets(line, sizeof line, file) != NULL && drive->n < FIXES_MAX) {
        struct gps_report report;
        const char *reason;
        if (tpv_parse(line, strlen(line), &any, &report, &reason) != 0 || report.mode < 2 ||
            report.utc_ms < last_utc_ms + WATCH_FIX_SPACING_MS)
            continue;
        last_utc_ms = report.utc_ms;
        struct peer_fix *fix = &drive->fixes[drive->n++];
        *fix = (struct peer_fix){.fix = {.utc_ms = report.utc_ms,
                                         .lat_deg = report.fix.position.lat_deg,
                                         .lon_deg = report.fix.position.lon_deg},
                                 .speed_mps = report.fix.speed_mps,
                                 .course_deg = report.fix.course_deg};
        get_aboard(report.utc_ms, &fix->fix);
    }
    (void)fclose(file);
    if (drive->n == 0)
        die(path, "no positions");
}

/* --- ours --- */

static double distance_m(const struct bw_track_fix *a, const struct bw_track_fix *b)
{
    const double metres_per_deg = 111195, rad_per_deg = 0.017453292519943295;
    return metres_per_deg *
           hypot(a->lat_deg - b->lat_deg, (a->lon_deg - b->lon_deg) * cos(a->lat_deg * rad_per_deg));
}

static void compare(const struct peer_fix *fixes, const struct wire_bytes *bytes, size_t n,
                    struct worst *worst)
{
    static struct wire_record record;
    static struct wire_body body;
    if (wire_record_decode(bytes->data, bytes->len, &record) != 0 ||
        wire_body_decode(record.body, record.body_len, &body) != 0 || body.type != WIRE_BODY_TRACK ||
        body.u.track.n != n)
        die("outbox", "a record does not decode to what was put in");
    for (size_t i = 0; i < n; i++) {
        const struct bw_track_fix *in = &fixes[i].fix, *out = &body.u.track.fixes[i];
        worst->metres = fmax(worst->metres, distance_m(in, out));
        worst->seconds = fmax(worst->seconds, fabs((double)(in->utc_ms - out->utc_ms)) / 1000);
        worst->state_wrong |= in->aboard != out->aboard || in->quality != out->quality;
    }
}

/* PUBLISH with QoS 1 (MQTT 3.1.1, 3.3): type, remaining length, topic, packet id. */
static size_t published_len(size_t payload_len)
{
    const struct topic topic = {.division = "331023", .vehicle = "bus-a", .channel = TOPIC_TRACK};
    char text[TOPIC_MAX];
    (void)topic_format(&topic, text);
    const size_t remaining = 2 + strlen(text) + 2 + payload_len;
    const size_t length_len = remaining < 128 ? 1 : remaining < 16384 ? 2 : 3;
    return 1 + length_len + remaining;
}

static struct cost seal_all(const struct drive *drive, size_t batch_size, struct worst *worst)
{
    char folder[] = "/tmp/bench_wire.XXXXXX", path[sizeof folder + 16], gone[sizeof path + 8];
    if (mkdtemp(folder) == NULL)
        die(folder, strerror(errno));
    (void)snprintf(path, sizeof path, "%s/outbox.db", folder);
    struct seal_key key;
    seal_key_generate(&key);
    const struct outbox_config config = {.path = path, .division = division, .vehicle = vehicle, .key = &key};
    struct outbox *outbox;
    bool set_aside;
    if (outbox_open(&config, &outbox, &set_aside) != 0)
        die(path, "no outbox can be made");
    struct cost cost = {0};
    uint64_t seq = 0;
    for (size_t from = 0; from < drive->n; from += batch_size) {
        struct bw_track track = {.n = drive->n - from < batch_size ? drive->n - from : batch_size};
        for (size_t i = 0; i < track.n; i++)
            track.fixes[i] = drive->fixes[from + i].fix;
        struct wire_bytes bytes;
        if (outbox_append_track(outbox, &track, track.fixes[0].utc_ms) != 0 ||
            outbox_peek(outbox, BW_RECORD_TRACK, seq + 1, &seq, &bytes) != 0)
            die(path, outbox_error(outbox));
        cost.payload += bytes.len;
        cost.published += published_len(bytes.len);
        compare(&drive->fixes[from], &bytes, track.n, worst);
        wire_bytes_free(&bytes);
    }
    outbox_close(outbox);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end != NULL; end++) {
        (void)snprintf(gone, sizeof gone, "%s%s", path, *end);
        (void)unlink(gone);
    }
    (void)rmdir(folder);
    return cost;
}

/* --- the table --- */

static bool print_drive(const char *path, const struct drive *drive)
{
    struct worst worst = {0};
    const double n = (double)drive->n;
    const char *name = strrchr(path, '/');
    bool good = true;
    printf("%-26.26s%7zu", name != NULL ? name + 1 : path, drive->n);
    for (int i = 0; i < SIZES; i++) {
        const struct cost cost = seal_all(drive, batch_sizes[i], &worst);
        printf("%8.2f%8.2f", (double)cost.payload / n, (double)cost.published / n);
        good &= drive->n < BAR_FIXES || (double)cost.payload / n <= bar_bytes[i];
    }
    size_t jt808 = 0, gtfs = 0, json = 0;
    uint8_t message[PEER_MAX];
    for (size_t i = 0; i < drive->n; i++) {
        jt808 += peer_jt808(&drive->fixes[i], (uint16_t)i, message);
        gtfs += peer_gtfs(&drive->fixes[i], vehicle, message);
        json += peer_json(&drive->fixes[i], vehicle, message);
    }
    printf("%8.2f%8.2f%8.2f%10.3f%8.3f%8s\n", (double)jt808 / n, (double)gtfs / n, (double)json / n,
           worst.metres, worst.seconds, worst.state_wrong ? "WRONG" : "exact");
    return good && worst.metres <= BAR_M && worst.seconds <= BAR_S && !worst.state_wrong;
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    static struct drive drive;
    bool good = true;
    if (seal_init() != 0)
        die("libsodium", "cannot start");
    printf("%-26s%7s%16s%16s%8s%8s%8s%18s%8s\n", "", "", "10 a record", "60 a record", "JT/T", "GTFS-", "",
           "worst error", "persons");
    printf("%-26s%7s%8s%8s%8s%8s%8s%8s%8s%10s%8s%8s\n", "bytes a position", "fixes", "signed", "+MQTT",
           "signed", "+MQTT", "808", "RT", "JSON", "m", "s", "quality");
    for (int i = 1; i < argc; i++) {
        load(argv[i], &drive);
        good &= print_drive(argv[i], &drive);
    }
    return good ? 0 : 1;
}
