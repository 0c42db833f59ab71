/* check-plate: the roadside question */
#include "bureau/api/json.h"
#include "bureau/command/command.h"
#include "bureau/registry/nearmiss.h"
#include "bureau/registry/plate.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- words --- */

static const char *const EN_VERDICTS[] = {
    [REGISTRY_UNKNOWN] = "UNKNOWN: not a school vehicle of this bureau",
    [REGISTRY_LICENSED] = "LICENSED",
    [REGISTRY_EXPIRED] = "EXPIRED: no permit is valid today",
    [REGISTRY_SUSPENDED] = "SUSPENDED: the permit is suspended or revoked",
    [REGISTRY_NO_PERMIT] = "NO PERMIT: none at all, or inspection overdue, or scrapped",
};
static const char *const ZH_VERDICTS[] = {
    [REGISTRY_UNKNOWN] = "未登记：不是本局登记的校车",
    [REGISTRY_LICENSED] = "有许可",
    [REGISTRY_EXPIRED] = "许可不在有效期内",
    [REGISTRY_SUSPENDED] = "许可已暂停或吊销",
    [REGISTRY_NO_PERMIT] = "无许可：未取得许可、逾期未检验或已报废",
};

struct words {
    const char *const *verdicts;
    const char *now_inside, *now_outside;
    const char *vehicle, *school, *permit, *route, *hours, *valid, *aboard, *colon;
    const char *of, *approved, *unknown;                          /* "12" of "18" approved */
    const char *near_miss, *character, *differs, *easily_misread; /* "character" 7 "differs" */
    const char *weekdays[7];
};
static const struct words EN = {
    EN_VERDICTS,
    ", within its hours",
    ", but outside its hours now",
    "vehicle",
    "school",
    "permit",
    "route",
    "hours",
    "valid",
    "aboard",
    ": ",
    " of ",
    " approved",
    "not known",
    "registered and similar",
    "character ",
    " differs",
    ", easily misread",
    {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
};
static const struct words ZH = {
    ZH_VERDICTS,
    "，在许可时段内",
    "，但现在不在许可时段内",
    "车辆",
    "学校",
    "许可证号",
    "路线",
    "时段",
    "有效期",
    "车上人数",
    "：",
    " 人，核定 ",
    " 人",
    "不明",
    "已登记的相近号牌",
    "第 ",
    " 位不同",
    "，容易看错",
    {"周一", "周二", "周三", "周四", "周五", "周六", "周日"},
};

/* NULL = neither zh nor en. */
static const struct words *words_of(const char *lang)
{
    if (lang != NULL) {
        if (strcmp(lang, "zh") == 0)
            return &ZH;
        return strcmp(lang, "en") == 0 ? &EN : NULL;
    }
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES",
                                            "LANG"}; /* the first that is set decides */
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *value = getenv(variables[i]); // NOLINT(concurrency-mt-unsafe): one thread
        if (value != NULL && *value != '\0')
            return strncmp(value, "zh", 2) == 0 ? &ZH : &EN;
    }
    return &EN;
}

/* --- the answer --- */

struct question {
    const struct words *words;
    const struct registry *registry;
    const char *plate;
    int64_t now_utc_ms;
    bool as_json;
    struct registry_answer answer;
    size_t n_near;
    struct nearmiss_plate near[NEARMISS_MAX]; /* of a plate that is not registered */
};

static void print_permit(const struct question *question, const struct bw_permit *permit)
{
    const struct words *words = question->words;
    const struct bw_route *route = registry_route(question->registry, permit->route_id);
    char from[UTC_DAY_TEXT_LEN], until[UTC_DAY_TEXT_LEN];
    utc_day_format(permit->valid_from_day, from);
    utc_day_format(permit->valid_until_day, until);
    (void)printf("%s%s%s\n", words->permit, words->colon, permit->permit_no);
    (void)printf("%s%s%s %s\n", words->route, words->colon, permit->route_id, route ? route->name : "");
    (void)printf("%s%s%02d:%02d-%02d:%02d", words->hours, words->colon, permit->window_start_min / 60,
                 permit->window_start_min % 60, permit->window_end_min / 60, permit->window_end_min % 60);
    for (int day = 0; day < 7; day++)
        if (permit->weekdays >> day & 1)
            (void)printf(" %s", words->weekdays[day]);
    (void)printf("\n%s%s%s / %s\n", words->valid, words->colon, from, until);
}

static void print_aboard(const struct words *words, const struct store_vehicle *live, int64_t now_utc_ms)
{
    (void)printf("%s%s", words->aboard, words->colon);
    const bool known = live != NULL && live->presence.occupancy.quality != BW_QUALITY_UNKNOWN &&
                       now_utc_ms <= apijson_live_until_utc_ms(live);
    if (known)
        (void)printf("%u%s%u%s\n", live->presence.occupancy.count, words->of, live->capacity,
                     words->approved);
    else
        (void)printf("%s\n", words->unknown);
}

static void print_near_misses(const struct question *question)
{
    const struct words *words = question->words;
    for (size_t i = 0; i < question->n_near; i++) {
        const struct nearmiss_plate *near = &question->near[i];
        (void)printf("%s%s%s (%s%u%s%s)\n", words->near_miss, words->colon, near->plate, words->character,
                     near->position, words->differs, near->confusable ? words->easily_misread : "");
    }
}

static void print_text(const struct question *question, const struct store_vehicle *live)
{
    const struct words *words = question->words;
    const struct registry_answer *answer = &question->answer;
    const char *now = answer->in_window ? words->now_inside : words->now_outside;
    (void)printf("%s%s%s%s\n", question->plate, words->colon, words->verdicts[answer->verdict],
                 answer->verdict == REGISTRY_LICENSED ? now : "");
    if (answer->vehicle == NULL) {
        print_near_misses(question);
        return;
    }
    const struct registry_school *school = registry_school(question->registry, answer->vehicle->school_id);
    (void)printf("%s%s%s\n", words->vehicle, words->colon, answer->vehicle->vehicle_id);
    (void)printf("%s%s%s\n", words->school, words->colon, school ? school->name : "");
    if (answer->permit != NULL)
        print_permit(question, &answer->permit->permit);
    print_aboard(words, live, question->now_utc_ms);
}

static int find_near_misses(struct question *question)
{
    struct nearmiss *nearmiss = nearmiss_create(question->registry);
    if (nearmiss == NULL)
        return -ENOMEM;
    question->n_near = nearmiss_find(nearmiss, question->plate, question->near);
    nearmiss_destroy(nearmiss);
    return 0;
}

/* live NULL = no vehicle of that plate. 0 or -ENOMEM. */
static int print_answer(void *context, const struct store_vehicle *live)
{
    const struct question *question = context;
    if (!question->as_json) {
        print_text(question, live);
        return 0;
    }
    json_t *json = apijson_plate(question->registry, question->plate, &question->answer, live, NULL,
                                 question->now_utc_ms);
    modeljson_put(&json, "near_misses", apijson_near_misses(question->near, question->n_near));
    char *text = apijson_text(json);
    if (text == NULL)
        return -ENOMEM;
    (void)puts(text);
    free(text);
    return 0;
}

static int answer(struct store *store, struct question *question)
{
    char who[64];
    struct registry *registry = NULL;
    command_who(who, sizeof(who));
    question->now_utc_ms = command_now_utc_ms();
    if (store_audit(store, who, "check-plate", question->plate, question->now_utc_ms) < 0 ||
        store_registry_load(store, &registry) < 0)
        return command_store_failed(store, "check-plate");
    question->registry = registry;
    registry_check_plate(registry, question->plate, question->now_utc_ms, &question->answer);
    const struct registry_vehicle *vehicle = question->answer.vehicle;
    int err = vehicle ? 0 : find_near_misses(question);
    if (err == 0)
        err = vehicle ? store_vehicles(store, NULL, vehicle->vehicle_id, print_answer, question)
                      : print_answer(question, NULL);
    registry_free(registry);
    if (err < 0)
        return command_store_failed(store, "check-plate");
    return question->answer.verdict == REGISTRY_LICENSED ? EXIT_DONE : EXIT_NO;
}

static int run_check_plate(const struct command *self, int argc, char **argv)
{
    const char *text, *config_path = NULL, *lang = NULL;
    struct question question = {0};
    const struct command_option options[] = {
        {"config", &config_path, NULL}, {"lang", &lang, NULL}, {"json", NULL, &question.as_json}};
    char plate[BW_PLATE_LEN];
    const char *reason;
    struct bureau_config config;
    struct store *store = NULL;
    int status;
    if (!command_parse(self, argc, argv, options, 3, &text, 1, &status))
        return status;
    question.words = words_of(lang);
    question.plate = plate;
    if (question.words == NULL)
        return command_wrong(self, "--lang must be en or zh");
    if (plate_parse(text, false, plate, &reason) < 0)
        return command_wrong(self, reason);
    status = command_config(self, config_path, &config);
    if (status == EXIT_DONE)
        status = command_store(&config, &store);
    if (status == EXIT_DONE)
        status = answer(store, &question);
    store_close(store);
    return status;
}

const struct command COMMAND_CHECK_PLATE = {
    .name = "check-plate",
    .summary = "may this vehicle run as a school vehicle?",
    .run = run_check_plate,
    .manual =
        "NAME\n"
        "    buswarden-bureau check-plate - may this vehicle run as a school vehicle?\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau check-plate PLATE --config FILE [--lang en|zh] [--json]\n\n"
        "DESCRIPTION\n"
        "    Says what the registry knows of PLATE: verdict, school, permit, route, hours and validity, and\n"
        "    how many are aboard when the vehicle said so within the last minute. Full-width characters,\n"
        "    spaces, dots, lower case and letters that look alike do not matter. Of a plate that is not\n"
        "    registered, at most eight that are and differ in one character, those easily misread first.\n"
        "    Every look-up is written to the audit log.\n\n"
        "OPTIONS\n"
        "    --config FILE    the bureau's configuration\n"
        "    --lang en|zh     language of the answer; else that of the locale\n"
        "    --json           one JSON object, as GET /v1/plates/PLATE\n\n"
        "EXIT STATUS\n"
        "    0 licensed; 1 not licensed; 2 wrong use, or not a licence plate; 3 the store cannot be used.\n",
};
