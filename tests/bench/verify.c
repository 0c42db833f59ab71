/* How fast stored evidence is verified, beside the signatures alone. See --help. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bureau/ingest/batch.h"
#include "proto/seal.h"

/* clang-format off */
static const char usage[] =
    "usage: bench_verify BUREAU-PROGRAM [RECORDS]\n"
    "Makes a store of RECORDS (1000000) by the bureau's own way in, fewer when two minutes are over: one vehicle, tracks of\n"
    "10 positions, every 50th record an alert's phase, each signed and chained. Then times `BUREAU-PROGRAM verify` on it, and\n"
    "libsodium's crypto_sign_verify_detached() alone on the same signed bytes, by processor time, and prints the peak memory of\n"
    "verify. To be run in the project's directory; the store lies in $TMPDIR (/tmp) meanwhile.\n"
    "Exit status 0: verify found the store whole, and takes at most twice the time of the signatures and 64 MB; 1: not so;\n"
    "2: it could not be measured.\n";
/* clang-format on */

enum { MAKE_S = 120, FIXES = 10, ALERT_EVERY = 50, CHUNK = 1024, SIGNED_MAX = 1024, BAR_KIB = 64 * 1024 };
static const double bar_times = 2;
static const char division[] = "331023", vehicle[] = "bus-a";
static const uint8_t stream[BW_STREAM_LEN] = "bench";
static const int64_t start_utc_ms = 1789000000000;

static char dir[256], store_path[300];

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_verify: %s\n", what);
    exit(2);
}

static double seconds(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        die("no clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- the store --- */

struct chain {
    uint64_t seq;
    uint8_t head[BW_HASH_LEN];
};

static struct wire_body track_of(uint64_t number)
{
    struct wire_body body = {.type = WIRE_BODY_TRACK, .u.track.n = FIXES};
    for (size_t i = 0; i < FIXES; i++) {
        const uint64_t second = number * FIXES + i;
        body.u.track.fixes[i] = (struct bw_track_fix){.utc_ms = start_utc_ms + (int64_t)second * 1000,
                                                      .lat_deg = 29.14 + (double)(second % 1000) * 1e-5,
                                                      .lon_deg = 121.03 + (double)(second % 700) * 1e-5};
    }
    return body;
}

/* Raised and cleared, one alert after the other. */
static struct wire_body alert_of(uint64_t number)
{
    return (struct wire_body){.type = WIRE_BODY_ALERT,
                              .u.alert = {.kind = BW_OVERLOAD,
                                          .phase = number % 2 == 0 ? BW_RAISED : BW_CLEARED,
                                          .severity = BW_MINOR,
                                          .number = number / 2 + 1,
                                          .time_utc_ms = start_utc_ms + (int64_t)number,
                                          .raised_utc_ms = start_utc_ms + (int64_t)(number & ~UINT64_C(1)),
                                          .occupancy = {BW_QUALITY_GOOD, 20, 20, 20},
                                          .evidence.overload = {.aboard = 20, .capacity = 18}}};
}

static void put_record(struct batch *batch, struct chain *chain, enum bw_record_class cls,
                       const struct seal_key *key)
{
    struct batch_item *item = batch_next(batch);
    struct wire_bytes body;
    *item = (struct batch_item){.topic = {.division = "331023", .vehicle = "bus-a"}};
    item->topic.channel = cls == BW_RECORD_ALERT ? TOPIC_ALERT : TOPIC_TRACK;
    item->body = cls == BW_RECORD_ALERT ? alert_of(chain->seq) : track_of(chain->seq);
    struct wire_record *record = &item->record;
    if (wire_body_encode(&item->body, &body) != 0)
        die("a body that cannot be said");
    record->cls = cls;
    record->seq = ++chain->seq;
    memcpy(record->stream, stream, BW_STREAM_LEN);
    memcpy(record->prev, chain->head, BW_HASH_LEN);
    memcpy(record->body, body.data, body.len);
    record->body_len = body.len;
    wire_bytes_free(&body);
    seal_record_sign(record, division, vehicle, key);
    seal_record_hash(record, division, vehicle, chain->head);
    if (judge_body(record, &item->body) != 0 || wire_record_encode(record, &item->bytes) != 0)
        die("a record that cannot be said");
    batch_keep(batch);
}

static struct store *open_store(const char *path, const struct seal_key *key)
{
    struct store *store = NULL;
    struct registry *registry = NULL;
    struct registry_faults faults;
    if (store_open(path, &store) != 0 || registry_load("tests/data/registry", &registry, &faults) != 0)
        die("no store, or not run in the project's directory");
    registry_faults_free(&faults);
    if (store_registry_replace(store, registry) != 0 ||
        store_vehicle_key_set(store, vehicle, key->public_key) != 0)
        die(store_error(store));
    registry_free(registry);
    return store;
}

/* How many there are in the end. */
static uint64_t make_records(struct store *store, uint64_t wanted, const struct seal_key *key)
{
    const double until_s = seconds(CLOCK_MONOTONIC) + MAKE_S;
    struct chain alerts = {0}, tracks = {0};
    struct vehicles *vehicles = NULL;
    struct batch *batch = NULL;
    uint64_t n = 0;
    if (batch_create(CHUNK, &CASE_POLICY_DEFAULT, &batch) != 0 || vehicles_create(&vehicles) != 0)
        die("no memory");
    while (n < wanted && seconds(CLOCK_MONOTONIC) < until_s) {
        struct batch_outcome outcome;
        for (; n < wanted && !batch_is_full(batch); n++) {
            const bool alert = n % ALERT_EVERY == 0;
            put_record(batch, alert ? &alerts : &tracks, alert ? BW_RECORD_ALERT : BW_RECORD_TRACK, key);
        }
        const uint64_t sent = batch_count(batch);
        if (batch_apply(batch, store, vehicles, 1, start_utc_ms, &outcome) != 0 ||
            outcome.counts[VERDICT_ACCEPTED] != sent)
            die(outcome.reason);
        batch_clear(batch);
    }
    batch_free(batch);
    vehicles_free(vehicles);
    return n;
}

/* --- the signatures alone --- */

struct alone {
    uint8_t key[BW_PUBLIC_KEY_LEN];
    size_t n; /* of the chunk */
    struct {
        size_t len;
        uint8_t bytes[SIGNED_MAX], signature[BW_SIGNATURE_LEN];
    } chunk[CHUNK];
    uint64_t verified, body_bytes;
    double cpu_s;
};

static void verify_chunk(struct alone *alone)
{
    const double before_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < alone->n; i++)
        if (crypto_sign_verify_detached(alone->chunk[i].signature, alone->chunk[i].bytes, alone->chunk[i].len,
                                        alone->key) != 0)
            die("a signature does not verify");
    alone->cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID) - before_s;
    alone->verified += alone->n;
    alone->n = 0;
}

/* docs/wire.md, "Seal": context | len division | len vehicle | stream | class | seq | prev | body. */
static int take_signed_bytes(void *context, const struct store_record *row)
{
    static struct wire_record record;
    struct alone *alone = context;
    if (wire_record_decode(row->bytes, row->len, &record) != 0 || record.body_len > SIGNED_MAX - 128)
        die("a stored record cannot be read");
    uint8_t *at = alone->chunk[alone->n].bytes;
    memset(at, 0, 24);
    (void)snprintf((char *)at, SIGNED_MAX, "buswarden/v1/record");
    size_t n = 24;
    n += (size_t)snprintf((char *)at + n, SIGNED_MAX - n, "\006%s\005%s", division, vehicle);
    memcpy(at + n, record.stream, BW_STREAM_LEN);
    n += BW_STREAM_LEN;
    at[n++] = (uint8_t)record.cls;
    for (unsigned shift = 64; shift > 0; shift -= 8)
        at[n++] = (uint8_t)(record.seq >> (shift - 8));
    memcpy(at + n, record.prev, BW_HASH_LEN);
    n += BW_HASH_LEN;
    memcpy(at + n, record.body, record.body_len);
    alone->chunk[alone->n].len = n + record.body_len;
    memcpy(alone->chunk[alone->n].signature, record.signature, BW_SIGNATURE_LEN);
    alone->body_bytes += record.body_len;
    if (++alone->n == CHUNK)
        verify_chunk(alone);
    return 0;
}

static void verify_alone(const char *path, struct alone *alone)
{
    struct store *store = NULL;
    struct store_chain_id chain;
    const struct store_chain_id *after = NULL;
    if (store_open_reading(path, &store) != 0 || store_begin_reading(store) != 0)
        die("the store cannot be read");
    while (store_next_chain(store, vehicle, after, &chain) == 0) {
        if (store_records(store, vehicle, &chain, take_signed_bytes, alone) != 0)
            die(store_error(store));
        after = &chain;
    }
    verify_chunk(alone);
    store_close(store);
}

/* --- verify --- */

/* Its exit status. */
static int run_verify(const char *program, const char *path, struct rusage *ret)
{
    int status;
    const pid_t pid = fork();
    if (pid == 0) {
        (void)execl(program, program, "verify", "--store", path, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, ret) != pid || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
        die("the bureau's program did not run");
    return WEXITSTATUS(status);
}

static int measure(const char *program, uint64_t wanted)
{
    static struct alone alone;
    struct seal_key key;
    struct rusage used;
    seal_key_generate(&key);
    struct store *store = open_store(store_path, &key);
    const double begun_s = seconds(CLOCK_MONOTONIC);
    const uint64_t n = make_records(store, wanted, &key);
    store_close(store);
    (void)printf("%" PRIu64 " records made in %.0f s\n", n, seconds(CLOCK_MONOTONIC) - begun_s);
    (void)fflush(stdout);
    const double before_s = seconds(CLOCK_MONOTONIC);
    const int status = run_verify(program, store_path, &used);
    const double wall_s = seconds(CLOCK_MONOTONIC) - before_s;
    const double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    memcpy(alone.key, key.public_key, sizeof alone.key);
    verify_alone(store_path, &alone);
    if (alone.verified != n)
        die("not all records were read");
    (void)printf("verify: %.0f records/s of processor time (%.1f s; %.1f s by the clock), peak %.1f MB\n",
                 (double)n / cpu_s, cpu_s, wall_s, (double)used.ru_maxrss / 1024);
    (void)printf(
        "crypto_sign_verify_detached alone: %.0f records/s (%.1f s), bodies of %.0f bytes on average\n",
        (double)n / alone.cpu_s, alone.cpu_s, (double)alone.body_bytes / (double)n);
    (void)printf("verify takes %.2f times as long\n", cpu_s / alone.cpu_s);
    return status == 0 && cpu_s <= bar_times * alone.cpu_s && used.ru_maxrss <= BAR_KIB ? 0 : 1;
}

static void remove_store(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char file[320];
        (void)snprintf(file, sizeof file, "%s%s", store_path, suffixes[i]);
        (void)unlink(file);
    }
    (void)rmdir(dir);
}

int main(int argc, char **argv)
{
    const char *tmp = getenv("TMPDIR");
    if (argc < 2 || argc > 3 || argv[1][0] == '-') {
        (void)fputs(usage, stderr);
        return 2;
    }
    char *end = NULL;
    const uint64_t wanted = argc == 3 ? strtoull(argv[2], &end, 10) : 1000000;
    if (wanted == 0 || (end != NULL && *end != '\0') || seal_init() != 0)
        die("RECORDS: a number");
    (void)snprintf(dir, sizeof dir, "%s/bench-verify-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        die("no directory for the store");
    (void)snprintf(store_path, sizeof store_path, "%s/bureau.db", dir);
    if (atexit(remove_store) != 0)
        die("no memory");
    return measure(argv[1], wanted);
}
