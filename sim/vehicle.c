#include "sim/vehicle.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS_PER_S = 1000 / VEHICLE_STEP_MS,
    IGNITION_STEPS = 2 * STEPS_PER_S,  /* from ignition on to departure */
    DOOR_WAIT_STEPS = 1 * STEPS_PER_S, /* from standing to open, from closed to driving */
    SHUTDOWN_STEPS = 3 * STEPS_PER_S,  /* from empty to ignition off */
    ROUND_STEPS = 20 * STEPS_PER_S,    /* from ignition off until the attendant has looked at every seat */
    PRESS_STEPS = 2 * STEPS_PER_S,     /* so long the button is held down */
    LINGER_STEPS = 10 * STEPS_PER_S,   /* parked at the end: alerts get the time to clear */
};
/* A stop further from the path than this is not on it. */
static const double STOP_REACH_M = 60;
static const double LAW_KMH = 60; /* Art. 35, off the motorway */

enum phase {
    PARKED,
    DRIVING,
    OPENING,
    ALIGHTING,
    BOARDING,
    CLOSING,
    SHUTTING_DOWN,
    FINDING,
    ROUND,
    PRESSING,
    LINGERING,
    DONE
};

struct place {
    char name[BW_NAME_LEN];
    double s_m;
};

struct vehicle {
    const struct scenario_vehicle *scenario;
    struct road *way, *path; /* licensed, and driven */
    struct vehicle_licensed licensed;
    struct place places[SCENARIO_STOPS_MAX];
    struct drive *drive;
    struct gnss *gnss;
    struct cabin cabin;
    struct rng pupils;

    enum phase phase;
    unsigned step; /* since the start */
    unsigned wait; /* steps until the phase goes on */
    size_t next_stop;
    unsigned to_board, to_alight; /* still, at this stop */
    struct said {                 /* in the timeline, last */
        bool over, off, dark, fast, unbelted, door, away, power, antenna, silent;
    } said;
};

static int refuse(char ret_reason[VEHICLE_REASON_LEN], const struct scenario_vehicle *scenario,
                  const char *id, const char *why)
{
    (void)snprintf(ret_reason, VEHICLE_REASON_LEN, "vehicle %s: %s: %s", scenario->id, id, why);
    return -EINVAL;
}

/* The path is the licensed route, with every detour in place of what it goes around. */
static int lay_path(struct vehicle *vehicle, const struct atlas *atlas, char ret_reason[VEHICLE_REASON_LEN])
{
    const struct scenario_vehicle *scenario = vehicle->scenario;
    const struct atlas_line *route = atlas_line(atlas, scenario->route_id);
    if (route == NULL)
        return refuse(ret_reason, scenario, scenario->route_id, "no such route");
    vehicle->licensed.half_width_m = route->half_width_m;
    vehicle->licensed.limit_kmh =
        route->speed_limit_kmh > 0 ? fmin(route->speed_limit_kmh, LAW_KMH) : LAW_KMH;
    if (road_create(route->points, route->n_points, &vehicle->way) != 0 ||
        road_create(route->points, route->n_points, &vehicle->path) != 0)
        return refuse(ret_reason, scenario, scenario->route_id, "is no line, or out of memory");
    for (size_t i = 0; i < scenario->n_detours; i++) {
        const struct atlas_line *line = atlas_line(atlas, scenario->detours[i]);
        if (line == NULL)
            return refuse(ret_reason, scenario, scenario->detours[i], "no such road");
        struct road *way, *joined;
        if (road_create(line->points, line->n_points, &way) != 0)
            return refuse(ret_reason, scenario, line->id, "is no line, or out of memory");
        int rc = road_splice(vehicle->path, way, &joined);
        road_free(way);
        if (rc != 0)
            return refuse(ret_reason, scenario, line->id,
                          "does not end further along the route than it begins");
        road_free(vehicle->path);
        vehicle->path = joined;
    }
    return 0;
}

/* At an approved stop, or at so many metres along the path. */
static int find_place(const struct vehicle *vehicle, const struct atlas *atlas,
                      const struct scenario_stop *wanted, struct place *ret,
                      char ret_reason[VEHICLE_REASON_LEN])
{
    if (wanted->stop_id[0] == '\0') {
        ret->s_m = fmin(wanted->at_m, road_length_m(vehicle->path));
        (void)snprintf(ret->name, sizeof ret->name, "no stop, at %.0f m", ret->s_m);
        return 0;
    }
    const struct bw_stop *stop = atlas_stop(atlas, wanted->stop_id);
    if (stop == NULL)
        return refuse(ret_reason, vehicle->scenario, wanted->stop_id, "no such stop");
    struct bw_point at = {.lat_deg = stop->lat_deg, .lon_deg = stop->lon_deg};
    double distance_m;
    ret->s_m = road_nearest(vehicle->path, at, &distance_m);
    (void)snprintf(ret->name, sizeof ret->name, "%s", stop->name);
    if (distance_m > STOP_REACH_M)
        return refuse(ret_reason, vehicle->scenario, wanted->stop_id, "the path does not pass this stop");
    return 0;
}

static int find_stops(struct vehicle *vehicle, const struct atlas *atlas, char ret_reason[VEHICLE_REASON_LEN])
{
    const struct scenario_vehicle *scenario = vehicle->scenario;
    double last_s_m = 0;
    for (size_t i = 0; i < scenario->n_stops; i++) {
        struct place *place = &vehicle->places[i];
        int rc = find_place(vehicle, atlas, &scenario->stops[i], place, ret_reason);
        if (rc != 0)
            return rc;
        if (place->s_m < last_s_m)
            return refuse(ret_reason, scenario, place->name, "lies before the stop that precedes it");
        last_s_m = place->s_m;
    }
    return 0;
}

static void plan_hurry(struct vehicle *vehicle)
{
    const struct scenario_vehicle *scenario = vehicle->scenario;
    for (size_t i = 0; i < scenario->n_stretches; i++) {
        const struct scenario_stretch *stretch = &scenario->stretches[i];
        if (stretch->what == SCENARIO_HURRY)
            drive_hurry(vehicle->drive, stretch->from_m, stretch->to_m, stretch->speed_kmh / 3.6);
    }
}

static unsigned pupil_steps(const struct vehicle *vehicle)
{
    return (unsigned)lround(vehicle->scenario->pupil_s * STEPS_PER_S);
}

static void go_on(struct vehicle *vehicle, enum phase phase, unsigned wait)
{
    vehicle->phase = phase;
    vehicle->wait = wait;
}

int vehicle_create(const struct scenario_vehicle *scenario, const struct atlas *atlas, uint64_t seed,
                   struct vehicle **ret, char ret_reason[VEHICLE_REASON_LEN])
{
    struct vehicle *vehicle = calloc(1, sizeof *vehicle);
    if (vehicle == NULL)
        return refuse(ret_reason, scenario, scenario->route_id, "out of memory");
    vehicle->scenario = scenario;
    go_on(vehicle, PARKED, (unsigned)lround(scenario->depart_s * STEPS_PER_S));
    vehicle->cabin.broken_bench = scenario->broken_bench;
    char label[BW_ID_LEN + 8];
    (void)snprintf(label, sizeof label, "%s/pupils", scenario->id);
    rng_seed(&vehicle->pupils, seed, label);
    (void)snprintf(label, sizeof label, "%s/gnss", scenario->id);
    int rc = lay_path(vehicle, atlas, ret_reason);
    if (rc == 0)
        rc = find_stops(vehicle, atlas, ret_reason);
    if (rc == 0 && (drive_create(vehicle->path, &scenario->limits, &vehicle->drive) != 0 ||
                    gnss_create(&scenario->gnss, seed, label, &vehicle->gnss) != 0))
        rc = refuse(ret_reason, scenario, scenario->route_id, "out of memory");
    if (rc != 0) {
        vehicle_free(vehicle);
        return rc;
    }
    plan_hurry(vehicle);
    *ret = vehicle;
    return 0;
}

void vehicle_free(struct vehicle *vehicle)
{
    if (vehicle == NULL)
        return;
    gnss_free(vehicle->gnss);
    drive_free(vehicle->drive);
    road_free(vehicle->path);
    road_free(vehicle->way);
    free(vehicle);
}

struct vehicle_licensed vehicle_licensed(const struct vehicle *vehicle)
{
    return vehicle->licensed;
}

__attribute__((format(printf, 2, 3))) static void say(struct vehicle_output *out, const char *format, ...)
{
    if (out->n_events == VEHICLE_EVENTS_MAX)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out->events[out->n_events++], VEHICLE_EVENT_LEN, format, args);
    va_end(args);
}

static void arrive(struct vehicle *vehicle, struct vehicle_output *out)
{
    const struct scenario_stop *stop = &vehicle->scenario->stops[vehicle->next_stop];
    unsigned aboard = cabin_aboard(&vehicle->cabin);
    bool last = vehicle->next_stop + 1 == vehicle->scenario->n_stops;
    unsigned staying = last ? vehicle->scenario->left_behind : 0;
    unsigned leaving = aboard > staying ? aboard - staying : 0;
    vehicle->to_alight = stop->alight < leaving ? stop->alight : leaving;
    unsigned room = CABIN_PUPILS_MAX - (aboard - vehicle->to_alight);
    vehicle->to_board = stop->board < room ? stop->board : room;

    char moves[64] = "";
    size_t len = 0;
    if (vehicle->to_alight > 0)
        len += (size_t)snprintf(moves, sizeof moves, "%u alight, ", vehicle->to_alight);
    if (vehicle->to_board > 0)
        (void)snprintf(moves + len, sizeof moves - len, "%u board, ", vehicle->to_board);
    say(out, "arrives at %s, %s%u aboard of %u", vehicle->places[vehicle->next_stop].name, moves,
        aboard - vehicle->to_alight + vehicle->to_board, vehicle->scenario->capacity);
}

/* What happens when the wait of a phase is over; each says which phase comes next. */
static void depart(struct vehicle *vehicle, struct vehicle_output *out)
{
    say(out, "departs, %u aboard of %u", cabin_aboard(&vehicle->cabin), vehicle->scenario->capacity);
    drive_to(vehicle->drive, vehicle->places[0].s_m);
    go_on(vehicle, DRIVING, 0);
}

static void roll(struct vehicle *vehicle, struct vehicle_output *out)
{
    if (!drive_step(vehicle->drive, VEHICLE_STEP_MS / 1000.0))
        return;
    arrive(vehicle, out);
    go_on(vehicle, OPENING, DOOR_WAIT_STEPS);
}

static void open_door(struct vehicle *vehicle, struct vehicle_output *out)
{
    (void)out;
    vehicle->cabin.front_door_open = true;
    go_on(vehicle, ALIGHTING, pupil_steps(vehicle));
}

static void let_out(struct vehicle *vehicle, struct vehicle_output *out)
{
    (void)out;
    if (vehicle->to_alight == 0 || !cabin_alight(&vehicle->cabin, &vehicle->pupils)) {
        go_on(vehicle, BOARDING, 0);
        return;
    }
    vehicle->to_alight--;
    go_on(vehicle, ALIGHTING, pupil_steps(vehicle));
}

static void let_in(struct vehicle *vehicle, struct vehicle_output *out)
{
    (void)out;
    if (vehicle->to_board == 0 || !cabin_board(&vehicle->cabin, &vehicle->pupils)) {
        go_on(vehicle, CLOSING, DOOR_WAIT_STEPS);
        return;
    }
    vehicle->to_board--;
    go_on(vehicle, BOARDING, pupil_steps(vehicle));
}

static void close_door(struct vehicle *vehicle, struct vehicle_output *out)
{
    (void)out;
    vehicle->cabin.front_door_open = false;
    if (vehicle->next_stop < vehicle->scenario->n_stops)
        vehicle->next_stop++;
    if (vehicle->next_stop == vehicle->scenario->n_stops) {
        go_on(vehicle, SHUTTING_DOWN, SHUTDOWN_STEPS);
        return;
    }
    drive_to(vehicle->drive, vehicle->places[vehicle->next_stop].s_m);
    go_on(vehicle, DRIVING, DOOR_WAIT_STEPS);
}

static void turn_off(struct vehicle *vehicle, struct vehicle_output *out)
{
    vehicle->cabin.ignition_on = false;
    unsigned aboard = cabin_aboard(&vehicle->cabin);
    say(out, "ignition off, %u aboard", aboard);
    if (aboard > 0 && vehicle->scenario->left_behind > 0)
        go_on(vehicle, FINDING, (unsigned)lround(vehicle->scenario->found_s * STEPS_PER_S));
    else
        go_on(vehicle, ROUND, ROUND_STEPS);
}

/* The attendant, or whoever has found those who were left, has been at the back. Where somebody still sits,
 * nobody has. */
static void press(struct vehicle *vehicle, struct vehicle_output *out)
{
    vehicle->cabin.button = cabin_aboard(&vehicle->cabin) == 0;
    if (vehicle->cabin.button)
        say(out, "every seat was looked at, the button at the back is pressed");
    go_on(vehicle, PRESSING, PRESS_STEPS);
}

static void release(struct vehicle *vehicle, struct vehicle_output *out)
{
    (void)out;
    vehicle->cabin.button = false;
    go_on(vehicle, LINGERING, LINGER_STEPS);
}

/* Somebody looks into the parked bus, and lets out whom he finds. */
static void find(struct vehicle *vehicle, struct vehicle_output *out)
{
    vehicle->to_alight = cabin_aboard(&vehicle->cabin);
    vehicle->to_board = 0;
    say(out, "somebody looks into the bus, %u are found", vehicle->to_alight);
    go_on(vehicle, OPENING, 0);
}

static void end(struct vehicle *vehicle, struct vehicle_output *out)
{
    (void)out;
    go_on(vehicle, DONE, 0);
}

static void (*const PHASES[])(struct vehicle *, struct vehicle_output *) = {
    [PARKED] = depart,   [DRIVING] = roll,       [OPENING] = open_door,      [ALIGHTING] = let_out,
    [BOARDING] = let_in, [CLOSING] = close_door, [SHUTTING_DOWN] = turn_off, [FINDING] = find,
    [ROUND] = press,     [PRESSING] = release,   [LINGERING] = end,          [DONE] = end,
};

/* The stretch of this kind that the bus is on; NULL when it is on none. */
static const struct scenario_stretch *stretch_at(const struct vehicle *vehicle, enum scenario_what what)
{
    const struct scenario_vehicle *scenario = vehicle->scenario;
    double s_m = drive_s_m(vehicle->drive);
    for (size_t i = 0; i < scenario->n_stretches; i++) {
        const struct scenario_stretch *stretch = &scenario->stretches[i];
        if (stretch->what == what && s_m >= stretch->from_m && s_m < stretch->to_m)
            return stretch;
    }
    return NULL;
}

/* What is wrong with the cabin at this place. */
static void set_cabin(struct vehicle *vehicle)
{
    const struct scenario_vehicle *scenario = vehicle->scenario;
    struct cabin *cabin = &vehicle->cabin;
    double s_m = drive_s_m(vehicle->drive);
    for (size_t i = 0; i < scenario->n_stretches; i++) {
        const struct scenario_stretch *stretch = &scenario->stretches[i];
        if (stretch->what == SCENARIO_UNBELTED)
            cabin->unbelted[stretch->bench] = s_m >= stretch->from_m && s_m < stretch->to_m;
    }
    cabin->rear_door_open = stretch_at(vehicle, SCENARIO_DOOR_OPEN) != NULL;
    cabin->power_cut = stretch_at(vehicle, SCENARIO_POWER_CUT) != NULL;
    cabin->antenna_cut = stretch_at(vehicle, SCENARIO_ANTENNA_CUT) != NULL;
    cabin->silent = stretch_at(vehicle, SCENARIO_SILENT) != NULL;
}

static bool away_from_stop(const struct vehicle *vehicle)
{
    const struct scenario_vehicle *scenario = vehicle->scenario;
    return vehicle->cabin.front_door_open && vehicle->next_stop < scenario->n_stops &&
           scenario->stops[vehicle->next_stop].stop_id[0] == '\0';
}

static void look(const struct vehicle *vehicle, struct vehicle_truth *ret)
{
    const struct cabin *cabin = &vehicle->cabin;
    ret->s_m = drive_s_m(vehicle->drive);
    ret->speed_mps = drive_speed_mps(vehicle->drive);
    road_at(vehicle->path, ret->s_m, &ret->at, &ret->course_deg);
    (void)road_nearest(vehicle->way, ret->at, &ret->off_m);
    ret->aboard = cabin_aboard(cabin);
    ret->unbelted = cabin_unbelted(cabin);
    ret->door_open = cabin->front_door_open || cabin->rear_door_open;
    ret->ignition_on = cabin->ignition_on;
    ret->sky = stretch_at(vehicle, SCENARIO_TUNNEL) == NULL;
    ret->away_from_stop = away_from_stop(vehicle);
    ret->power_cut = cabin->power_cut;
    ret->antenna_cut = cabin->antenna_cut;
    ret->silent = cabin->silent;
}

static void tell_change(struct vehicle_output *out, bool *last, bool now, const char *begins,
                        const char *ends)
{
    if (now != *last)
        say(out, "%s", now ? begins : ends);
    *last = now;
}

/* What is wrong, and no longer wrong. */
static void tell_offences(struct vehicle *vehicle, struct vehicle_output *out)
{
    const struct vehicle_truth *truth = &out->truth;
    struct said *said = &vehicle->said;
    const bool moves = truth->speed_mps > 0;
    tell_change(out, &said->fast, truth->speed_mps * 3.6 > vehicle->licensed.limit_kmh,
                "drives faster than is allowed", "is within the speed limit again");
    tell_change(out, &said->unbelted, moves && truth->unbelted > 0, "drives with open belts",
                "all belts are fastened, or it stands");
    tell_change(out, &said->door, moves && truth->door_open, "drives with an open door",
                "the door is shut, or it stands");
    tell_change(out, &said->away, truth->away_from_stop, "opens its door away from a stop",
                "shuts its door again");
    tell_change(out, &said->power, truth->power_cut, "main power is cut", "main power is back");
    tell_change(out, &said->antenna, truth->antenna_cut, "the antenna is cut", "the antenna is back");
    tell_change(out, &said->silent, truth->silent, "seats and belts fall silent",
                "seats and belts speak again");
}

/* Put into words what has changed since the last step. */
static void tell_changes(struct vehicle *vehicle, struct vehicle_output *out)
{
    const struct vehicle_truth *truth = &out->truth;
    bool over = truth->aboard > vehicle->scenario->capacity;
    if (over != vehicle->said.over)
        say(out, over ? "is overloaded: %u aboard of %u" : "is within its capacity again: %u aboard of %u",
            truth->aboard, vehicle->scenario->capacity);
    vehicle->said.over = over;

    bool off = truth->off_m > vehicle->licensed.half_width_m;
    if (off != vehicle->said.off)
        say(out,
            off ? "leaves its licensed route: crosses the edge, %.0f m from the line"
                : "is back on its licensed route: %.0f m from the line",
            truth->off_m);
    vehicle->said.off = off;

    if (truth->sky == vehicle->said.dark)
        say(out, truth->sky ? "leaves the tunnel" : "enters a tunnel: no satellites");
    vehicle->said.dark = !truth->sky;
}

void vehicle_step(struct vehicle *vehicle, struct vehicle_output *ret)
{
    *ret = (struct vehicle_output){.n_events = 0};
    if (vehicle->phase == PARKED && vehicle->wait <= IGNITION_STEPS)
        vehicle->cabin.ignition_on = true;
    if (vehicle->wait > 0)
        vehicle->wait--;
    else
        PHASES[vehicle->phase](vehicle, ret);
    set_cabin(vehicle);
    look(vehicle, &ret->truth);
    tell_changes(vehicle, ret);
    tell_offences(vehicle, ret);
    ret->n_frames = can_encode(&vehicle->cabin, ret->truth.speed_mps, ret->frames);
    if (vehicle->step % STEPS_PER_S == 0) {
        struct gnss_truth seen = {.at = ret->truth.at,
                                  .speed_mps = ret->truth.speed_mps,
                                  .course_deg = ret->truth.course_deg,
                                  .sky = ret->truth.sky && !ret->truth.antenna_cut};
        ret->fix = gnss_step(vehicle->gnss, &seen);
        ret->has_fix_report = true;
    }
    ret->done = vehicle->phase == DONE;
    vehicle->step++;
}
