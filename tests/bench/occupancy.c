/* OVERLOAD and CHILD_LEFT_BEHIND with sensors that lie, over thousands of simulated trips: how many are
 * missed and how many are false, beside counting by the seats alone and by the doors alone.
 *
 *     bench_occupancy [TRIPS [SEED]]
 *
 * A bus of 36 approved places on 38 single seats with pads and belts, two counted doors. A trip has eight
 * stops and then empties; every fifth is overloaded by one to eight, who stand when every seat is taken. What
 * goes wrong, and how often, is in `rates`: wrong counts at the doors, pads that stick or are dead, loose
 * plugs, bags on seats, belts fastened behind an empty seat, a controller of the seats that falls silent. The
 * judge is the gateway's own; the two simple counters raise when their number is over for three seconds on
 * the road. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cabin/occupancy.h"
#include "gateway/compliance/engine.h"
#include "sim/rng.h"

enum { SEATS = 38, CAPACITY = 36, STOPS = 8, STAND_S = 30, LEG_S = 60, PARKED_S = 1200, PERSONS_MAX = 64 };

static const struct {
    double count_missed, count_doubled; /* of each who passes a door */
    double stuck, dead, loose;          /* of each seat, that it begins in a trip; a workshop mends it */
    double mended;                      /* of each that is broken, in a trip */
    double bag;                         /* of each free seat, during a trip */
    double belted_behind;               /* of each free seat */
    double silent;                      /* of a trip: the seats' controller says nothing for some minutes */
    double stander;                     /* of each pupil: stands although a seat is free */
    double bag_left, child_left;        /* of a trip, at its end */
    double round;                       /* of a trip: the attendant goes to the back and presses */
    double reacts;                      /* of a buzzer: somebody comes and looks within half a minute */
} rates = {.count_missed = 0.02,
           .count_doubled = 0.01,
           .stuck = 0.0005,
           .dead = 0.0005,
           .loose = 0.0002,
           .mended = 0.05,
           .bag = 0.02,
           .belted_behind = 0.02,
           .silent = 0.02,
           .stander = 0.005,
           .bag_left = 0.02,
           .child_left = 0.01,
           .round = 0.95,
           .reacts = 0.9};

enum pad { PAD_GOOD, PAD_STUCK, PAD_DEAD, PAD_LOOSE };

struct bus {
    struct rng *rng;
    bool sits[SEATS], bag[SEATS], belt[SEATS];
    enum pad pads[SEATS];
    unsigned standing;
    unsigned in[2], out[2]; /* as the counters of the doors have them, modulo 256 */
    bool open, ignition, silent, button;
    double wheel_kmh;
    int64_t mono_ms;
    struct cabin cabin;
    struct engine *engine;
};

static unsigned aboard(const struct bus *bus)
{
    unsigned n = bus->standing;
    for (int i = 0; i < SEATS; i++)
        n += bus->sits[i];
    return n;
}

static bool chance(struct bus *bus, double p)
{
    return rng_uniform(bus->rng) < p;
}

static double pad_says(struct bus *bus, int seat)
{
    const bool pressed = bus->sits[seat] || bus->bag[seat];
    switch (bus->pads[seat]) {
    case PAD_STUCK:
        return 1;
    case PAD_DEAD:
        return 0;
    case PAD_LOOSE:
        return chance(bus, 0.5) ? pressed : !pressed;
    default:
        return pressed;
    }
}

/* ---- the three who count ---- */

struct verdicts {
    bool ours, warned, seats, doors;
};

struct simple {
    unsigned over_s;
};

static bool over_for_three_seconds(struct simple *simple, bool over)
{
    simple->over_s = over ? simple->over_s + 1 : 0;
    return simple->over_s >= 3;
}

static void say(struct bus *bus, enum cabin_kind kind, int index, double value)
{
    (void)cabin_update(&bus->cabin, (struct cabin_slot){kind, (uint8_t)index}, value, bus->mono_ms);
}

struct night {
    unsigned level; /* of the alarm, at most */
    int64_t first_ms;
};

/* One second: every signal once, then the judge. Of the simple ones: the sum of the pads, and the difference
 * of the counters since the ignition was last switched on. */
static void second(struct bus *bus, const unsigned zero[2], struct simple simple[2],
                   struct verdicts *verdicts, struct night *night)
{
    unsigned pads = 0;
    bus->mono_ms += 1000;
    for (int i = 0; i < SEATS; i++) {
        const double value = pad_says(bus, i);
        pads += value > 0;
        if (bus->silent)
            continue;
        say(bus, CABIN_SEAT, i, value);
        say(bus, CABIN_BELT, i, bus->belt[i]);
    }
    for (int d = 0; d < 2; d++) {
        say(bus, CABIN_DOOR, d, bus->open);
        say(bus, CABIN_IN, d, bus->in[d] % 256);
        say(bus, CABIN_OUT, d, bus->out[d] % 256);
    }
    say(bus, CABIN_IGNITION, 0, bus->ignition);
    say(bus, CABIN_WHEEL, 0, bus->wheel_kmh);
    say(bus, CABIN_BUTTON, 0, bus->button);
    struct bw_event event = {.type = BW_EVENT_CABIN, .mono_ms = bus->mono_ms};
    cabin_estimate(&bus->cabin, bus->mono_ms, &event.u.cabin);
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    const size_t n = engine_step(bus->engine, &event, alerts);
    for (size_t i = 0; i < n; i++) {
        verdicts->ours |= alerts[i].kind == BW_OVERLOAD && alerts[i].phase == BW_RAISED;
        if (alerts[i].kind != BW_CHILD_LEFT_BEHIND || alerts[i].phase == BW_CLEARED)
            continue;
        if (night->level == 0)
            night->first_ms = bus->mono_ms;
        if (alerts[i].evidence.left_behind.level > night->level)
            night->level = alerts[i].evidence.left_behind.level;
    }
    verdicts->warned |= engine_warns(bus->engine);
    const bool drives = bus->wheel_kmh > 0;
    const int balance = (int)(bus->in[0] + bus->in[1] - zero[0]) - (int)(bus->out[0] + bus->out[1] - zero[1]);
    verdicts->seats |= over_for_three_seconds(&simple[0], drives && !bus->silent && pads > CAPACITY);
    verdicts->doors |= over_for_three_seconds(&simple[1], drives && balance > CAPACITY);
}

/* ---- who comes and goes ---- */

static void pass(struct bus *bus, unsigned counters[2])
{
    unsigned *counter = &counters[rng_below(bus->rng, 2)];
    *counter += chance(bus, rates.count_missed) ? 0 : chance(bus, rates.count_doubled) ? 2 : 1;
}

static int any_seat(struct bus *bus, bool taken)
{
    int found[SEATS], n = 0;
    for (int i = 0; i < SEATS; i++)
        if (bus->sits[i] == taken)
            found[n++] = i;
    return n > 0 ? found[rng_below(bus->rng, (unsigned)n)] : -1;
}

static void board(struct bus *bus)
{
    const int seat = any_seat(bus, false);
    pass(bus, bus->in);
    if (seat < 0 || chance(bus, rates.stander)) {
        bus->standing++;
        return;
    }
    bus->sits[seat] = true;
    bus->bag[seat] = false; /* on the lap */
}

static void alight(struct bus *bus)
{
    pass(bus, bus->out);
    if (bus->standing > 0) {
        bus->standing--;
        return;
    }
    const int seat = any_seat(bus, true);
    bus->sits[seat] = bus->belt[seat] = false;
}

static void fasten_belts(struct bus *bus)
{
    for (int i = 0; i < SEATS; i++)
        bus->belt[i] = bus->sits[i] || (bus->belt[i] && !bus->sits[i]);
}

static void break_and_mend(struct bus *bus)
{
    for (int i = 0; i < SEATS; i++) {
        const double p = rng_uniform(bus->rng);
        if (bus->pads[i] != PAD_GOOD)
            bus->pads[i] = chance(bus, rates.mended) ? PAD_GOOD : bus->pads[i];
        else if (p < rates.stuck + rates.dead + rates.loose)
            bus->pads[i] = p < rates.stuck ? PAD_STUCK : p < rates.stuck + rates.dead ? PAD_DEAD : PAD_LOOSE;
    }
}

static void leave_things(struct bus *bus)
{
    for (int i = 0; i < SEATS; i++) {
        if (!bus->sits[i])
            bus->bag[i] |= chance(bus, rates.bag);
        if (!bus->sits[i])
            bus->belt[i] = chance(bus, rates.belted_behind);
    }
}

/* ---- one trip ---- */

struct trip {
    bool overloaded, child, bag;
    unsigned over; /* persons beyond the approved number */
    struct verdicts verdicts;
    struct night night;
    bool naive_alarm; /* a pad was pressed 5 s after the doors had closed on a stopped engine */
    int64_t locked_mono_ms;
    bool broken_pad; /* under the child */
};

static void drive(struct bus *bus, struct trip *trip, const unsigned zero[2], struct simple simple[2])
{
    const unsigned silent_leg = chance(bus, rates.silent) ? rng_below(bus->rng, STOPS) : STOPS;
    const bool over = chance(bus, 0.2);
    const unsigned target =
        over ? CAPACITY + 1 + rng_below(bus->rng, 8) : 20 + rng_below(bus->rng, CAPACITY - 19);
    for (unsigned stop = 0; stop < STOPS; stop++) {
        const unsigned until = target * (stop + 1) / STOPS;
        bus->open = true;
        for (int s = 0; s < STAND_S; s++) {
            if (s % 2 == 0 && aboard(bus) < until)
                board(bus);
            second(bus, zero, simple, &trip->verdicts, &trip->night);
        }
        while (aboard(bus) < until)
            board(bus);
        bus->open = false;
        fasten_belts(bus);
        for (int s = 0; s < 4; s++)
            second(bus, zero, simple, &trip->verdicts, &trip->night);
        if (stop == 2)
            leave_things(bus);
        bus->silent = stop == silent_leg;
        bus->wheel_kmh = 40;
        trip->overloaded |= aboard(bus) > CAPACITY;
        trip->over = aboard(bus) > CAPACITY ? aboard(bus) - CAPACITY : 0;
        for (int s = 0; s < LEG_S; s++)
            second(bus, zero, simple, &trip->verdicts, &trip->night);
        bus->wheel_kmh = 0;
        bus->silent = false;
    }
}

static void empty(struct bus *bus, struct trip *trip, const unsigned zero[2], struct simple simple[2])
{
    trip->child = chance(bus, rates.child_left);
    trip->bag = chance(bus, rates.bag_left);
    bus->open = true;
    while (aboard(bus) > trip->child) {
        alight(bus);
        second(bus, zero, simple, &trip->verdicts, &trip->night);
    }
    for (int i = 0; i < SEATS; i++) {
        bus->bag[i] = false;
        bus->belt[i] &= bus->sits[i] || chance(bus, 0.5);
    }
    if (trip->child && chance(bus, 0.5))
        for (int i = 0; i < SEATS; i++)
            bus->belt[i] &= !bus->sits[i]; /* opened its belt, and fell asleep */
    if (trip->bag)
        bus->bag[rng_below(bus->rng, SEATS)] = true;
    for (int s = 0; s < 20; s++)
        second(bus, zero, simple, &trip->verdicts, &trip->night);
}

/* The engine off and the doors closed; the attendant goes round, unless it is forgotten, and finds what is
 * there. */
static void park(struct bus *bus, struct trip *trip, const unsigned zero[2], struct simple simple[2])
{
    bus->ignition = bus->open = false;
    trip->locked_mono_ms = bus->mono_ms;
    trip->night = (struct night){.level = 0};
    const int child_seat = any_seat(bus, true);
    trip->broken_pad = trip->child && child_seat >= 0 && bus->pads[child_seat] != PAD_GOOD;
    /* Who looks at every seat presses with a bag still there, but not with a child; who forgets it, never. */
    int press_s = chance(bus, rates.round) && !trip->child ? 15 + (int)rng_below(bus->rng, 40) : PARKED_S;
    const bool reacts = chance(bus, rates.reacts);
    for (int s = 0; s < PARKED_S && !(trip->child && s > press_s); s++) {
        if (trip->night.level == 1 && reacts && press_s > s + 30)
            press_s = s + 30;
        bus->button = s >= press_s && s < press_s + 2;
        if (s == 5)
            for (int i = 0; i < SEATS; i++)
                trip->naive_alarm |= pad_says(bus, i) > 0;
        if (trip->child && chance(bus, 0.005)) { /* turns in its sleep */
            const int seat = any_seat(bus, true);
            if (seat >= 0) {
                bus->sits[seat] = false;
                second(bus, zero, simple, &trip->verdicts, &trip->night);
                bus->sits[seat] = true;
            }
        }
        second(bus, zero, simple, &trip->verdicts, &trip->night);
    }
    /* Found in the end, by whoever comes. */
    bus->open = true;
    while (aboard(bus) > 0)
        alight(bus);
    for (int i = 0; i < SEATS; i++)
        bus->bag[i] = bus->belt[i] = false;
    for (int s = 0; s < 20; s++)
        second(bus, zero, simple, &trip->verdicts, &trip->night);
    bus->open = false;
    for (int s = 0; s < 60; s++)
        second(bus, zero, simple, &trip->verdicts, &trip->night);
}

static struct trip run(struct bus *bus)
{
    struct trip trip = {.overloaded = false};
    struct simple simple[2] = {{0}};
    break_and_mend(bus);
    bus->ignition = true;
    const unsigned zero[2] = {bus->in[0] + bus->in[1], bus->out[0] + bus->out[1]};
    drive(bus, &trip, zero, simple);
    empty(bus, &trip, zero, simple);
    park(bus, &trip, zero, simple);
    return trip;
}

/* ---- the table ---- */

struct tally {
    unsigned missed, false_ones;
};

static void note(struct tally *tally, bool truth, bool said)
{
    tally->missed += truth && !said;
    tally->false_ones += !truth && said;
}

static void print_row(const char *who, const struct tally *tally, unsigned yes, unsigned no)
{
    (void)printf("| %s | %u of %u (%.1f %%) | %u of %u (%.1f in 1,000) |\n", who, tally->missed, yes,
                 100.0 * tally->missed / yes, tally->false_ones, no, 1000.0 * tally->false_ones / no);
}

static struct bus *new_bus(struct rng *rng, const struct bw_licence *licence)
{
    struct bus *bus = calloc(1, sizeof *bus);
    struct cabin_config config = {.n_seats = SEATS, .n_belts = SEATS, .n_doors = 2, .n_counters = 2};
    void *memory = malloc(engine_size(licence));
    if (bus == NULL || memory == NULL)
        exit(3);
    for (uint8_t i = 0; i < SEATS; i++) {
        config.seats[i] = (struct cabin_seat){.capacity = 1, .unknown_value = CABIN_NO_UNKNOWN_VALUE};
        config.belt_seats[i] = i;
    }
    for (uint8_t d = 0; d < 2; d++) {
        config.door_counters[d] = d;
        config.counter_max[d] = 255;
    }
    if (cabin_init(&bus->cabin, &config) != 0)
        exit(3);
    bus->rng = rng;
    bus->engine = engine_init(memory, licence, 1);
    return bus;
}

int main(int argc, char **argv)
{
    const unsigned trips = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5000;
    struct rng rng;
    rng_seed(&rng, argc > 2 ? strtoull(argv[2], NULL, 10) : 1, "occupancy");
    if (argc > 3 || trips == 0) {
        (void)fprintf(stderr, "usage: bench_occupancy [TRIPS [SEED]]\n");
        return 2;
    }
    const struct bw_licence licence = {.approved_capacity = CAPACITY, .seats = SEATS, .version = 1};
    struct bus *bus = new_bus(&rng, &licence);
    struct tally ours = {0}, warned = {0}, seats = {0}, doors = {0};
    unsigned over = 0, children = 0, others = 0, child_missed = 0, child_broken = 0, child_late = 0,
             child_naive = 0;
    unsigned reminders = 0, horns = 0, naive = 0, bags = 0, bag_horns = 0, over_by[3] = {0},
             missed_by[3] = {0};
    for (unsigned i = 0; i < trips; i++) {
        const struct trip trip = run(bus);
        over += trip.overloaded;
        note(&ours, trip.overloaded, trip.verdicts.ours);
        note(&warned, trip.overloaded, trip.verdicts.warned || trip.verdicts.ours);
        note(&seats, trip.overloaded, trip.verdicts.seats);
        note(&doors, trip.overloaded, trip.verdicts.doors);
        if (trip.overloaded) {
            const unsigned by = trip.over < 2 ? 0 : trip.over < 4 ? 1 : 2;
            over_by[by]++;
            missed_by[by] += !trip.verdicts.ours;
        }
        bags += trip.bag && !trip.child;
        bag_horns += trip.bag && !trip.child && trip.night.level > 1;
        children += trip.child;
        others += !trip.child;
        child_missed += trip.child && trip.night.level == 0;
        child_broken += trip.child && trip.night.level == 0 && trip.broken_pad;
        child_late += trip.child && trip.night.level > 0 && trip.night.first_ms - trip.locked_mono_ms > 10000;
        child_naive += trip.child && !trip.naive_alarm;
        reminders += !trip.child && trip.night.level == 1;
        horns += !trip.child && trip.night.level > 1;
        naive += !trip.child && trip.naive_alarm;
    }
    (void)printf("%u trips, %u of them overloaded; a child left behind in %u\n\n", trips, over, children);
    (void)printf("| OVERLOAD | missed | false |\n|---|---|---|\n");
    print_row("raised (on the certain number)", &ours, over, trips - over);
    print_row("the driver warned (on the estimate)", &warned, over, trips - over);
    print_row("seats alone", &seats, over, trips - over);
    print_row("doors alone", &doors, over, trips - over);
    (void)printf(
        "\nraised: missed %u of %u with one too many, %u of %u with two or three, %u of %u with more\n",
        missed_by[0], over_by[0], missed_by[1], over_by[1], missed_by[2], over_by[2]);
    (void)printf(
        "\n| CHILD_LEFT_BEHIND | missed | later than 10 s | buzzer without a child | horn without a child |\n"
        "|---|---|---|---|---|\n");
    (void)printf("| this one | %u of %u | %u | %u of %u (%.1f in 1,000) | %u (%.1f in 1,000) |\n",
                 child_missed, children, child_late, reminders, others, 1000.0 * reminders / others, horns,
                 1000.0 * horns / others);
    (void)printf("| any pressed pad | %u of %u | 0 | | %u (%.1f in 1,000) |\n", child_naive, children, naive,
                 1000.0 * naive / others);
    (void)printf("\n%u of the %u missed children sat on a broken pad\n", child_broken, child_missed);
    (void)printf("a bag lay on a seat at the end of %u trips: the horn sounded in %u\n", bags, bag_horns);
    return 0;
}
