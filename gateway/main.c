/* buswarden-gateway: the in-vehicle agent and its tools. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "gateway/agent.h"
#include "gateway/checkcmd.h"
#include "gateway/rekey.h"
#include "gateway/replay.h"
#include "gateway/selftest.h"
#include "gateway/statuscmd.h"
#include "proto/exitcode.h"
#include "proto/seal.h"
#include "proto/topic.h"
#include "proto/x509.h"

static const char usage[] =
    "NAME\n"
    "    buswarden-gateway - compliance agent of one school vehicle\n"
    "\n"
    "SYNOPSIS\n"
    "    buswarden-gateway COMMAND [OPTIONS]\n"
    "\n"
    "COMMANDS\n"
    "    run --config FILE              watch the vehicle until SIGTERM\n"
    "    status --config FILE           say how the running gateway is, and first of all what is wrong\n"
    "    check-config --config FILE     say what a configuration means before it is used\n"
    "    selftest --config FILE         walk a fitter through the vehicle, and make a commissioning record\n"
    "    replay --licence FILE --gps FILE ...\n"
    "                                   judge recorded data offline\n"
    "    keygen FILE [--csr VEHICLE]    make the vehicle's keys, and a request for its certificate\n"
    "    rekey --config FILE            change the key that the vehicle signs with\n"
    "    COMMAND --help                 the manual of a command\n"
    "    --version\n"
    "\n"
    "EXIT STATUS\n"
    "    0  done   1  the answer is no   2  wrong use or bad input   3  could not run\n";

static const char run_usage[] =
    "NAME\n"
    "    buswarden-gateway run - watch the vehicle\n"
    "\n"
    "SYNOPSIS\n"
    "    buswarden-gateway run --config FILE\n"
    "\n"
    "DESCRIPTION\n"
    "    Reads positions from gpsd and seats, doors and ignition from the cabin bus, judges them under the "
    "licence of\n"
    "    the bureau, warns in the vehicle, keeps every record on disk until the bureau has it, and sends it. "
    "Goes on\n"
    "    without gpsd, bus, broker or licence, says so in `status`, and tries for them again for ever. Ends "
    "on SIGTERM\n"
    "    or SIGINT. SIGUSR1 sounds the alarm in the vehicle for three seconds. docs/operations.md describes "
    "the configuration file.\n"
    "\n"
    "EXIT STATUS\n"
    "    0  ended by a signal   2  bad configuration or keys   3  could not run\n";

static const char keygen_usage[] = "NAME\n"
                                   "    buswarden-gateway keygen - make the keys of this vehicle\n"
                                   "\n"
                                   "SYNOPSIS\n"
                                   "    buswarden-gateway keygen FILE [--csr VEHICLE]\n"
                                   "\n"
                                   "DESCRIPTION\n"
                                   "    Writes the secret that records are signed with to FILE (mode 0600) "
                                   "and the public key to FILE.pub. With "
                                   "--csr,\n"
                                   "    makes beside them tls.key (mode 0600), the secret for TLS, and "
                                   "tls.csr, a request for the certificate "
                                   "of\n"
                                   "    VEHICLE. At the bureau, \"buswarden-bureau enrol VEHICLE --pub "
                                   "FILE.pub --csr tls.csr\" takes both: no "
                                   "secret\n"
                                   "    leaves the vehicle. An existing file is never replaced.\n"
                                   "\n"
                                   "EXIT STATUS\n"
                                   "    0  done   2  wrong use, or a file exists   3  could not write\n";

static int print(const char *text)
{
    return fputs(text, stdout) < 0 ? EXIT_CANNOT : EXIT_DONE;
}

static int run_main(int argc, char **argv)
{
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    static struct gateway_config config; /* large, and borrowed by the agent */
    const char *path = NULL;
    char reason[SETTINGS_REASON_MAX];
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (option == 'h')
            return print(run_usage);
        if (option != 'c')
            return EXIT_USAGE; /* getopt has said why */
        path = optarg;
    }
    if (path == NULL || optind < argc) {
        (void)fputs("buswarden-gateway run: --config FILE is needed, and nothing else\n", stderr);
        return EXIT_USAGE;
    }
    if (config_load(path, &config, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_USAGE;
    }
    return agent_run(&config);
}

static int make_signing_keys(const char *path, const char *public_path, const char **ret_failed)
{
    struct seal_key key;
    *ret_failed = path;
    int error = seal_init();
    if (error != 0)
        return error;
    seal_key_generate(&key);
    error = seal_secret_save(path, &key);
    if (error == 0) {
        *ret_failed = public_path;
        error = seal_public_save(public_path, key.public_key);
    }
    seal_key_wipe(&key);
    return error;
}

static int make_request(const char *key_path, const char *vehicle, const char *request_path,
                        const char **ret_failed)
{
    *ret_failed = key_path;
    const int error = x509_key_create(key_path);
    if (error != 0)
        return error;
    *ret_failed = request_path;
    return x509_request_create(key_path, vehicle, request_path);
}

static int keygen_main(int argc, char **argv)
{
    static const struct option table[] = {
        {"csr", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *vehicle = NULL, *failed;
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (option == 'h')
            return print(keygen_usage);
        if (option != 'r')
            return EXIT_USAGE; /* getopt has said why */
        vehicle = optarg;
    }
    if (optind + 1 != argc || strlen(argv[optind]) > PATH_MAX - sizeof ".pub") {
        (void)fputs("buswarden-gateway keygen: one FILE is needed\n", stderr);
        return EXIT_USAGE;
    }
    if (vehicle != NULL && !topic_level_valid(vehicle)) {
        (void)fprintf(stderr, "buswarden-gateway keygen: --csr %s: not a vehicle's id\n", vehicle);
        return EXIT_USAGE;
    }
    const char *path = argv[optind], *slash = strrchr(path, '/');
    const int folder_len = slash != NULL ? (int)(slash - path) + 1 : 0;
    char public_path[PATH_MAX], key_path[PATH_MAX + 8], request_path[PATH_MAX + 8];
    (void)snprintf(public_path, sizeof public_path, "%s.pub", path);
    (void)snprintf(key_path, sizeof key_path, "%.*stls.key", folder_len, path);
    (void)snprintf(request_path, sizeof request_path, "%.*stls.csr", folder_len, path);
    int error = make_signing_keys(path, public_path, &failed);
    if (error == 0 && vehicle != NULL)
        error = make_request(key_path, vehicle, request_path, &failed);
    if (error != 0)
        (void)fprintf(stderr, "%s: %s\n", failed, strerror(-error));
    return error == 0 ? EXIT_DONE : error == -EEXIST ? EXIT_USAGE : EXIT_CANNOT;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*main)(int argc, char **argv);
    } commands[] = {{"run", run_main},           {"check-config", checkcmd_main}, {"status", status_main},
                    {"selftest", selftest_main}, {"replay", replay_main},         {"keygen", keygen_main},
                    {"rekey", rekey_main}};
    if (argc < 2) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0)
        return print(usage);
    if (strcmp(argv[1], "--version") == 0)
        return print("buswarden-gateway " BUSWARDEN_VERSION "\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].main(argc - 1, argv + 1);
    (void)fprintf(stderr, "buswarden-gateway: no such command: %s\nTry 'buswarden-gateway --help'.\n",
                  argv[1]);
    return EXIT_USAGE;
}
