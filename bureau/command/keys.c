/* keygen */
#include "bureau/command/command.h"
#include "proto/seal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int cannot_write(const char *path, int err)
{
    (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", path, strerror(-err));
    return err == -EEXIST ? EXIT_USAGE : EXIT_CANNOT;
}

static int save_pair(const char *path, const struct seal_key *key)
{
    char public_path[PATH_MAX];
    if ((size_t)snprintf(public_path, sizeof(public_path), "%s.pub", path) >= sizeof(public_path))
        return cannot_write(path, -ENAMETOOLONG);
    int err = seal_secret_save(path, key);
    if (err < 0)
        return cannot_write(path, err);
    err = seal_public_save(public_path, key->public_key);
    if (err < 0) {
        (void)unlink(path); /* half a pair is none; it is this call's own file */
        return cannot_write(public_path, err);
    }
    return EXIT_DONE;
}

static int run_keygen(const struct command *self, int argc, char **argv)
{
    const char *path;
    int status;
    struct seal_key key;
    if (!command_parse(self, argc, argv, NULL, 0, &path, 1, &status))
        return status;
    seal_key_generate(&key);
    status = save_pair(path, &key);
    if (status == EXIT_DONE) {
        char hex[2 * BW_PUBLIC_KEY_LEN + 1];
        seal_public_format(key.public_key, hex);
        (void)printf("%s\n", hex);
    }
    seal_key_wipe(&key);
    return status;
}

const struct command COMMAND_KEYGEN = {
    .name = "keygen",
    .summary = "make a pair of signing keys",
    .run = run_keygen,
    .manual = "NAME\n"
              "    buswarden-bureau keygen - make a pair of Ed25519 signing keys\n\n"
              "SYNOPSIS\n"
              "    buswarden-bureau keygen FILE\n\n"
              "DESCRIPTION\n"
              "    Writes the secret key to FILE, readable by its owner alone, and the public key to "
              "FILE.pub, and\n"
              "    prints the public key. Files that exist already are never written over.\n\n"
              "EXIT STATUS\n"
              "    0 done; 2 wrong use, or a file exists already; 3 a file cannot be written.\n",
};
