/* What it costs ingest that alerts open cases. See --help. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bureau/ingest/batch.h"
#include "proto/seal.h"

/* clang-format off */
static const char usage[] =
    "usage: bench_cases [RECORDS]\n"
    "Takes RECORDS (50000) signed records of one vehicle in by batches of 256, as ingest does, into a store in $TMPDIR (/tmp):\n"
    "tracks of 10 positions, every 50th record an alert's phase. Once all alerts are notices, which open no case; once each alert\n"
    "opens a case of its own, and once all join one. Round after round, so that the disk's moods meet all three; best of 3.\n"
    "To be run in the project's directory. Exit status 2: it could not be measured.\n";
/* clang-format on */

enum { FIXES = 10, ALERT_EVERY = 50, BATCH = 256, ROUNDS = 3, RECORDS = 50000 };
enum mode { NOTICES, OPENING, JOINING, MODES };
static const char *const names[MODES] = {"notices: no case", "each opens a case", "all join one case"};
static const char division[] = "331023", vehicle[] = "bus-a";
static const int64_t start_utc_ms = 1789000000000, day_ms = 86400000;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_cases: %s\n", what);
    exit(2);
}

static double seconds(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct chain {
    uint64_t seq;
    uint8_t head[BW_HASH_LEN];
};

static struct wire_body track_of(uint64_t number)
{
    struct wire_body body = {.type = WIRE_BODY_TRACK, .u.track.n = FIXES};
    for (size_t i = 0; i < FIXES; i++)
        body.u.track.fixes[i] =
            (struct bw_track_fix){.utc_ms = start_utc_ms + (int64_t)(number * FIXES + i) * 1000,
                                  .lat_deg = 29.14,
                                  .lon_deg = 121.03};
    return body;
}

/* Raised and cleared, one alert after the other; OPENING: a day apart, each of a trip of its own. */
static struct wire_body alert_of(uint64_t number, enum mode mode)
{
    const int64_t raised_utc_ms = start_utc_ms + (int64_t)(number / 2) * (mode == OPENING ? day_ms : 1000);
    return (struct wire_body){.type = WIRE_BODY_ALERT,
                              .u.alert = {.kind = mode == NOTICES ? BW_OFF_ROUTE : BW_OVERLOAD,
                                          .phase = number % 2 == 0 ? BW_RAISED : BW_CLEARED,
                                          .severity = mode == NOTICES ? BW_NOTICE : BW_MINOR,
                                          .number = number / 2 + 1,
                                          .time_utc_ms = raised_utc_ms + (int64_t)(number % 2),
                                          .raised_utc_ms = raised_utc_ms}};
}

static void put_record(struct batch *batch, struct chain *chain, enum bw_record_class cls, enum mode mode,
                       const struct seal_key *key)
{
    struct batch_item *item = batch_next(batch);
    struct wire_record *record = &item->record;
    struct wire_bytes body;
    *item = (struct batch_item){.topic = {.division = "331023", .vehicle = "bus-a"}};
    item->topic.channel = cls == BW_RECORD_ALERT ? TOPIC_ALERT : TOPIC_TRACK;
    item->body = cls == BW_RECORD_ALERT ? alert_of(chain->seq, mode) : track_of(chain->seq);
    if (wire_body_encode(&item->body, &body) != 0)
        die("a body that cannot be said");
    record->cls = cls;
    record->seq = ++chain->seq;
    record->stream[0] = 1;
    memcpy(record->prev, chain->head, BW_HASH_LEN);
    memcpy(record->body, body.data, body.len);
    record->body_len = body.len;
    wire_bytes_free(&body);
    seal_record_sign(record, division, vehicle, key);
    seal_record_hash(record, division, vehicle, chain->head);
    if (wire_record_encode(record, &item->bytes) != 0)
        die("a record that cannot be said");
    batch_keep(batch);
}

struct taken {
    double wall_s, cpu_s; /* in batch_apply() alone */
};

static void take_in(struct store *store, enum mode mode, uint64_t n, const struct seal_key *key,
                    struct taken *ret)
{
    struct chain alerts = {0}, tracks = {0};
    struct vehicles *vehicles = NULL;
    struct batch *batch = NULL;
    *ret = (struct taken){0};
    if (batch_create(BATCH, &CASE_POLICY_DEFAULT, &batch) != 0 || vehicles_create(&vehicles) != 0)
        die("no memory");
    for (uint64_t i = 0; i < n;) {
        struct batch_outcome outcome;
        for (; i < n && !batch_is_full(batch); i++) {
            const bool alert = i % ALERT_EVERY == 0;
            put_record(batch, alert ? &alerts : &tracks, alert ? BW_RECORD_ALERT : BW_RECORD_TRACK, mode,
                       key);
        }
        const double wall_s = seconds(CLOCK_MONOTONIC), cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (batch_apply(batch, store, vehicles, 1, start_utc_ms, &outcome) != 0 ||
            outcome.counts[VERDICT_ACCEPTED] != batch_count(batch))
            die(outcome.reason);
        ret->wall_s += seconds(CLOCK_MONOTONIC) - wall_s;
        ret->cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
        batch_clear(batch);
    }
    batch_free(batch);
    vehicles_free(vehicles);
}

static void run(const char *dir, enum mode mode, uint64_t n, const struct seal_key *key, struct taken *ret)
{
    char path[300];
    struct store *store = NULL;
    struct registry *registry = NULL;
    struct registry_faults faults;
    (void)snprintf(path, sizeof path, "%s/bureau.db", dir);
    if (store_open(path, &store) != 0 || registry_load("tests/data/registry", &registry, &faults) != 0)
        die("no store, or not run in the project's directory");
    registry_faults_free(&faults);
    if (store_registry_replace(store, registry) != 0 ||
        store_vehicle_key_set(store, vehicle, key->public_key) != 0)
        die(store_error(store));
    registry_free(registry);
    take_in(store, mode, n, key, ret);
    store_close(store);
    if (unlink(path) != 0) /* the others went when it was closed */
        die("a store that stays");
}

int main(int argc, char **argv)
{
    char dir[256];
    struct seal_key key;
    struct taken best[MODES];
    const char *tmp = getenv("TMPDIR");
    const uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : RECORDS;
    if (argc > 2 || n == 0) {
        (void)fputs(usage, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    (void)snprintf(dir, sizeof dir, "%s/bench-cases-XXXXXX", tmp ? tmp : "/tmp");
    if (seal_init() != 0 || mkdtemp(dir) == NULL)
        die("no folder");
    seal_key_generate(&key);
    for (int round = 0; round < ROUNDS; round++)
        for (int mode = 0; mode < MODES; mode++) {
            struct taken taken;
            run(dir, (enum mode)mode, n, &key, &taken);
            if (round == 0 || taken.wall_s < best[mode].wall_s)
                best[mode].wall_s = taken.wall_s;
            if (round == 0 || taken.cpu_s < best[mode].cpu_s)
                best[mode].cpu_s = taken.cpu_s;
        }
    (void)rmdir(dir);
    const double phases = (double)n / ALERT_EVERY;
    for (int mode = 0; mode < MODES; mode++)
        (void)printf("%-18s %6.0f records/s, %6.0f by processor time; an alert's phase costs %5.1f us more "
                     "than a notice's\n",
                     names[mode], (double)n / best[mode].wall_s, (double)n / best[mode].cpu_s,
                     (best[mode].cpu_s - best[NOTICES].cpu_s) / phases * 1e6);
    return 0;
}
