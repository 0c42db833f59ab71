#include "gateway/nextkey.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/savefile.h"

static int join(const char *path, const char *suffix, char ret[PATH_MAX])
{
    return snprintf(ret, PATH_MAX, "%s%s", path, suffix) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int move(const char *path, const char *from, const char *to)
{
    char source[PATH_MAX], target[PATH_MAX];
    int error = join(path, from, source);
    if (error == 0)
        error = join(path, to, target);
    if (error == 0 && rename(source, target) != 0)
        error = -errno;
    return error;
}

/* Whoever runs the gateway must be able to read what root has made. */
static int save_as_owner(const char *path, const char *suffix, const struct seal_key *key, bool secret)
{
    char name[PATH_MAX];
    struct stat owner;
    int error = join(path, suffix, name);
    if (error != 0)
        return error;
    (void)unlink(name); /* of an attempt that was cut off */
    error = secret ? seal_secret_save(name, key) : seal_public_save(name, key->public_key);
    if (error == 0 && (stat(path, &owner) != 0 || chown(name, owner.st_uid, owner.st_gid) != 0))
        error = -errno;
    return error;
}

int nextkey_make(const char *path, struct seal_key *ret)
{
    char next[PATH_MAX];
    struct seal_key key;
    int error = join(path, ".next", next);
    if (error == 0 && access(next, F_OK) == 0)
        error = -EEXIST;
    if (error != 0)
        return error;
    seal_key_generate(&key);
    error = save_as_owner(path, ".next.pub", &key, false);
    if (error == 0)
        error = save_as_owner(path, ".new", &key, true);
    if (error == 0)
        error = move(path, ".new", ".next");
    if (error == 0)
        error = savefile_sync_folder(path);
    if (error == 0)
        *ret = key;
    seal_key_wipe(&key);
    return error;
}

int nextkey_load(const char *path, struct seal_key *ret)
{
    char next[PATH_MAX];
    const int error = join(path, ".next", next);
    return error == 0 ? seal_secret_load(next, ret) : error;
}

int nextkey_replace(const char *path)
{
    int error = move(path, ".next", "");
    if (error == 0)
        error = savefile_sync_folder(path);
    if (error == 0)
        (void)move(path, ".next.pub", ".pub"); /* for people: the secret file holds both halves */
    return error;
}

const char *nextkey_reason(int error)
{
    return error == -EPERM     ? "others may read this secret: chmod 600 it"
           : error == -EBADMSG ? "not a key file"
                               : strerror(-error);
}
