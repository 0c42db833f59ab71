/* expiries */
#include "bureau/command/command.h"
#include "bureau/store/registry.h"
#include "proto/utc.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAYS_DEFAULT = 60, DAYS_MAX = 3660 };

static void print(const struct registry_expiry *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char until[UTC_DAY_TEXT_LEN];
        utc_day_format(list[i].until_day, until);
        (void)printf("%s %5d days  %-11s %s  %s%s%s\n", until, (int)list[i].days_left,
                     registry_expiry_name(list[i].kind), list[i].id, list[i].name,
                     list[i].kind == REGISTRY_EXPIRY_PERMIT ? "  " : "",
                     list[i].kind == REGISTRY_EXPIRY_PERMIT ? list[i].vehicle_id : "");
    }
}

static void sum_up(const struct registry_expiry *list, size_t n)
{
    static const int bands[] = {7, 30, 60};
    size_t over = 0;
    for (size_t i = 0; i < n; i++)
        over += list[i].days_left < 0;
    (void)printf("%zu have ended", over);
    for (size_t b = 0; b < sizeof(bands) / sizeof(bands[0]); b++) {
        size_t in = 0;
        for (size_t i = 0; i < n; i++)
            in += list[i].days_left >= 0 && list[i].days_left <= bands[b];
        (void)printf("; within %d days: %zu", bands[b], in);
    }
    (void)printf("\n");
}

static int run_expiries(const struct command *self, int argc, char **argv)
{
    const char *config_path = NULL, *days_text = NULL;
    const struct command_option options[] = {{"config", &config_path, NULL}, {"days", &days_text, NULL}};
    struct bureau_config config;
    struct store *store = NULL;
    struct registry *registry = NULL;
    struct registry_expiry *list = NULL;
    size_t n = 0;
    char *end = NULL;
    int status;
    if (!command_parse(self, argc, argv, options, 2, NULL, 0, &status))
        return status;
    const long days = days_text ? strtol(days_text, &end, 10) : DAYS_DEFAULT;
    if (days_text && (*days_text < '0' || *days_text > '9' || *end != '\0' || days > DAYS_MAX))
        return command_wrong(self, "--days: 0 to 3660");
    status = command_config(self, config_path, &config);
    if (status == EXIT_DONE)
        status = command_store_reading(&config, &store);
    if (status == EXIT_DONE &&
        (store_registry_load(store, &registry) < 0 ||
         store_expiries(store, registry, command_now_utc_ms(), (int)days, NULL, &list, &n) < 0))
        status = command_store_failed(store, self->name);
    if (status == EXIT_DONE) {
        print(list, n);
        sum_up(list, n);
    }
    free(list);
    registry_free(registry);
    store_close(store);
    return status;
}

const struct command COMMAND_EXPIRIES = {
    .name = "expiries",
    .summary = "permits, qualifications, inspections and certificates that end soon",
    .run = run_expiries,
    .manual = "NAME\n"
              "    buswarden-bureau expiries - what ends soon, or has ended\n\n"
              "SYNOPSIS\n"
              "    buswarden-bureau expiries --config FILE [--days N]\n\n"
              "DESCRIPTION\n"
              "    Active permits that no other permit of the same vehicle and route renews, qualifications "
              "of drivers\n"
              "    of active permits, inspections and certificates of vehicles that are not scrapped: the "
              "last day of\n"
              "    each, the soonest first, and how many days are left (below zero: it has ended). Permits "
              "that ended\n"
              "    more than 90 days ago are left out. The last line counts.\n\n"
              "OPTIONS\n"
              "    --config FILE    the bureau's configuration\n"
              "    --days N         how far ahead, 0 to 3660; 60 without it\n\n"
              "EXIT STATUS\n"
              "    0 done; 2 wrong use; 3 the store cannot be used.\n",
};
