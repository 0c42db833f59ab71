/* Frames of a car's bus decoded a second, beside the straightforward way of doing the same: the message
 * looked for from the first to the last, each signal put together bit by bit.
 *
 *     bench_dbc [FILE.dbc CANDUMP.log]
 *
 * Without arguments the bus is made up: 200 messages with 6 signals each, of which the frames are drawn at
 * random (seed 1). Both ways must give the same values. The figures are the best of five turns. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/source/candump.h"
#include "gateway/source/dbc.h"

enum { FRAMES = 50000, TURNS = 5, MESSAGES = 200, SIGNALS = 6 };

static struct can_frame_in frames[FRAMES];
static size_t n_frames;

struct sum {
    double total;
    size_t values;
};

static void add(void *context, size_t signal, double value)
{
    struct sum *sum = context;
    (void)signal;
    sum->total += value;
    sum->values++;
}

/* ---- the peer ---- */

/* False when the frame is too short for it. */
static bool bit_by_bit(const struct dbc_signal *signal, const struct can_frame_in *frame, double *ret)
{
    uint64_t raw = 0;
    unsigned at = signal->start_bit;
    for (unsigned n = 0; n < signal->length_bits; n++) {
        if (at / 8 >= frame->len)
            return false;
        const uint64_t bit = frame->data[at / 8] >> at % 8 & 1;
        if (signal->big_endian) {
            raw = raw << 1 | bit;
            at = at % 8 == 0 ? at + 15 : at - 1;
        } else {
            raw |= bit << n;
            at++;
        }
    }
    int64_t value = (int64_t)raw;
    if (signal->is_signed && signal->length_bits < 64 && raw >> (signal->length_bits - 1))
        value = (int64_t)(raw | UINT64_MAX << signal->length_bits);
    *ret = (signal->is_signed ? (double)value : (double)raw) * signal->factor + signal->offset;
    return true;
}

static void decode_straightforward(const struct dbc *dbc, const struct can_frame_in *frame, struct sum *sum)
{
    double value;
    for (size_t i = 0; i < dbc_signal_count(dbc); i++) {
        const struct dbc_signal *signal = dbc_signal_at(dbc, i);
        if (signal->id == frame->id && signal->extended == frame->extended &&
            bit_by_bit(signal, frame, &value))
            add(sum, i, value);
    }
}

static void decode_ours(const struct dbc *dbc, const struct can_frame_in *frame, struct sum *sum)
{
    (void)dbc_decode(dbc, frame, add, sum);
}

/* ---- what is decoded ---- */

static struct dbc *made_up(void)
{
    static char text[MESSAGES * 512];
    FILE *out = fmemopen(text, sizeof text, "w");
    for (unsigned m = 0; m < MESSAGES; m++) {
        (void)fprintf(out, "BO_ %u M%u: 8 X\n", 16 + m * 7, m);
        for (unsigned s = 0; s < SIGNALS; s++) /* of ten bits each, in both byte orders */
            (void)fprintf(out, " SG_ S%u_%u : %u|10@%u%c (0.1,-5) [0|0] \"\" X\n", m, s,
                          m % 2 ? s * 10 : s * 10 / 8 * 8 + 7 - s * 10 % 8, m % 2, s % 2 ? '-' : '+');
    }
    (void)fclose(out);
    srand(1);
    for (n_frames = 0; n_frames < FRAMES; n_frames++) {
        frames[n_frames] = (struct can_frame_in){.id = 16 + (unsigned)rand() % MESSAGES * 7, .len = 8};
        for (size_t i = 0; i < 8; i++)
            frames[n_frames].data[i] = (uint8_t)rand();
    }
    char error[DBC_ERROR_LEN];
    struct dbc *dbc = NULL;
    if (dbc_parse("made-up", text, strlen(text), error, &dbc) != 0)
        (void)fprintf(stderr, "bench_dbc: %s\n", error);
    return dbc;
}

static struct dbc *recorded(const char *dbc_path, const char *log_path)
{
    char error[DBC_ERROR_LEN] = "", line[256];
    struct dbc *dbc = NULL;
    FILE *log = fopen(log_path, "re");
    if (log == NULL || dbc_load(dbc_path, error, &dbc) != 0) {
        (void)fprintf(stderr, "bench_dbc: %s\n", log == NULL ? log_path : error);
        if (log != NULL)
            (void)fclose(log);
        return NULL;
    }
    int64_t utc_us;
    const char *reason;
    while (n_frames < FRAMES && fgets(line, sizeof line, log) != NULL) {
        if (candump_parse(line, strlen(line), &utc_us, &frames[n_frames], &reason) == 0)
            n_frames++;
    }
    (void)fclose(log);
    return dbc;
}

static double now_s(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double frames_a_second(const struct dbc *dbc,
                              void (*decode)(const struct dbc *, const struct can_frame_in *, struct sum *),
                              size_t rounds, struct sum *ret_sum)
{
    double best = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        struct sum sum = {0};
        const double start_s = now_s();
        for (size_t round = 0; round < rounds; round++)
            for (size_t i = 0; i < n_frames; i++)
                decode(dbc, &frames[i], &sum);
        best = fmax(best, (double)(rounds * n_frames) / (now_s() - start_s));
        *ret_sum = (struct sum){sum.total / (double)rounds, sum.values / rounds};
    }
    return best;
}

int main(int argc, char **argv)
{
    if (argc != 1 && argc != 3) {
        (void)fprintf(stderr, "usage: bench_dbc [FILE.dbc CANDUMP.log]\n");
        return 2;
    }
    struct dbc *dbc = argc == 3 ? recorded(argv[1], argv[2]) : made_up();
    if (dbc == NULL || n_frames == 0)
        return 3;
    struct sum ours, peers;
    const double fast = frames_a_second(dbc, decode_ours, 40, &ours);
    const double slow = frames_a_second(dbc, decode_straightforward, 1, &peers);
    (void)printf("%zu frames, %zu signals in the file, %.1f values a frame\n", n_frames,
                 dbc_signal_count(dbc), (double)ours.values / (double)n_frames);
    (void)printf("buswarden        %6.2f million frames/s, %6.2f million values/s\n", fast / 1e6,
                 fast / 1e6 * (double)ours.values / (double)n_frames);
    (void)printf("straightforward  %6.2f million frames/s\n", slow / 1e6);
    dbc_free(dbc);
    const bool same =
        ours.values == peers.values && fabs(ours.total - peers.total) <= fabs(peers.total) * 1e-9;
    if (!same)
        (void)fprintf(stderr, "bench_dbc: the two do not agree: %zu values, sum %g; %zu, %g\n", ours.values,
                      ours.total, peers.values, peers.total);
    return same ? 0 : 1;
}
