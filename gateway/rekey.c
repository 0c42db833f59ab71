#include "gateway/rekey.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "gateway/config.h"
#include "gateway/nextkey.h"
#include "gateway/outbox/outbox.h"
#include "proto/exitcode.h"

static const char usage[] =
    "NAME\n"
    "    buswarden-gateway rekey - change the key that the vehicle signs with\n"
    "\n"
    "SYNOPSIS\n"
    "    buswarden-gateway rekey --config FILE\n"
    "\n"
    "DESCRIPTION\n"
    "    Makes a new key beside the old one (KEY.next) and prints its public half. Restart the gateway\n"
    "    then: it tells the bureau in its chain, signed by both keys, and signs with the new key from\n"
    "    there on. It works without a connection, and no record is lost or sealed again. When the bureau\n"
    "    has everything that the old key signed, the new key's file takes the old one's place. Nothing has\n"
    "    to be done at the bureau, whose software must not be older than this one.\n"
    "\n"
    "    Called again it says whether the change is over, and puts the new key in its place when the\n"
    "    gateway itself may not write there (its unit does not let it).\n"
    "\n"
    "EXIT STATUS\n"
    "    0  done   1  a change is under way   2  bad configuration or key   3  could not run\n";

static int cannot(const char *path, int error)
{
    (void)fprintf(stderr, "%s: %s\n", path, strerror(-error));
    return EXIT_CANNOT;
}

static int begin(const char *path)
{
    struct seal_key key;
    char hex[2 * BW_PUBLIC_KEY_LEN + 1];
    const int error = nextkey_make(path, &key);
    if (error != 0)
        return cannot(path, error);
    seal_public_format(key.public_key, hex);
    seal_key_wipe(&key);
    return printf("%s\nRestart the gateway: the change begins then.\n", hex) < 0 ? EXIT_CANNOT : EXIT_DONE;
}

/* 1: over, 0: not yet, or why nobody knows. */
static int look(const struct gateway_config *config, const struct seal_key *key,
                const struct seal_key *next_key)
{
    const struct outbox_config outbox_config = {.path = config->outbox_path,
                                                .division = config->division,
                                                .vehicle = config->vehicle,
                                                .key = key,
                                                .next_key = next_key,
                                                .attach = true};
    struct outbox *outbox = NULL;
    bool set_aside;
    const int error = outbox_open(&outbox_config, &outbox, &set_aside);
    if (error != 0)
        return error;
    const int over = outbox_key_changed(outbox);
    outbox_close(outbox);
    return over;
}

static int go_on(const struct gateway_config *config, const struct seal_key *key,
                 const struct seal_key *next_key)
{
    const int over = look(config, key, next_key);
    if (over < 0)
        return cannot(config->outbox_path, over);
    if (over == 0) {
        (void)puts("The change is under way: the old key is needed until the bureau has all that it signed.");
        return EXIT_NO;
    }
    const int error = nextkey_replace(config->key_path);
    if (error != 0)
        return cannot(config->key_path, error);
    return puts("The change is over; the old key is gone.") < 0 ? EXIT_CANNOT : EXIT_DONE;
}

static int rekey(const struct gateway_config *config)
{
    struct seal_key key, next_key;
    const int error = seal_secret_load(config->key_path, &key);
    if (error != 0) {
        (void)fprintf(stderr, "%s: %s\n", config->key_path, strerror(-error));
        return EXIT_USAGE;
    }
    const int next = nextkey_load(config->key_path, &next_key);
    int status;
    if (next == -ENOENT)
        status = begin(config->key_path);
    else if (next != 0)
        status = cannot(config->key_path, next);
    else
        status = go_on(config, &key, &next_key);
    seal_key_wipe(&key);
    if (next == 0)
        seal_key_wipe(&next_key);
    return status;
}

int rekey_main(int argc, char **argv)
{
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    static struct gateway_config config;
    const char *path = NULL;
    char reason[SETTINGS_REASON_MAX];
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (option == 'h')
            return fputs(usage, stdout) < 0 ? EXIT_CANNOT : EXIT_DONE;
        if (option != 'c')
            return EXIT_USAGE; /* getopt has said why */
        path = optarg;
    }
    if (path == NULL || optind < argc) {
        (void)fputs("buswarden-gateway rekey: --config FILE is needed, and nothing else\n", stderr);
        return EXIT_USAGE;
    }
    if (config_load(path, &config, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_USAGE;
    }
    if (seal_init() != 0)
        return EXIT_CANNOT;
    return rekey(&config);
}
