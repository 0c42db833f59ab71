#include "bureau/command/folder.h"

#include "proto/savefile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_cannot(const char *path, int err)
{
    (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", path, strerror(-err));
    return err == -EEXIST || err == -ENOENT ? EXIT_USAGE : EXIT_CANNOT;
}

int folder_make(const char *folder)
{
    return mkdir(folder, 0700) == 0 ? EXIT_DONE : folder_cannot(folder, -errno);
}

int folder_path(const char *folder, const char *name, char ret[PATH_MAX])
{
    if ((size_t)snprintf(ret, PATH_MAX, "%s/%s", folder, name) < PATH_MAX)
        return EXIT_DONE;
    return folder_cannot(folder, -ENAMETOOLONG);
}

void folder_remove(const char *folder, const char *const files[], size_t n)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < n; i++)
        if (folder_path(folder, files[i], path) == EXIT_DONE)
            (void)unlink(path);
    (void)rmdir(folder);
}

int folder_certificate(const char *folder, struct pki *pki, const struct pki_order *order,
                       struct pki_certificate *ret)
{
    char key_path[PATH_MAX], path[PATH_MAX];
    struct pki_order complete = *order;
    int status = folder_path(folder, "tls.key", key_path);
    if (status == EXIT_DONE)
        status = folder_path(folder, "tls.crt", path);
    if (status == EXIT_DONE && order->request_path == NULL) {
        const int err = x509_key_create(key_path);
        status = err == 0 ? EXIT_DONE : folder_cannot(key_path, err);
        complete.key_path = key_path;
    }
    if (status == EXIT_DONE)
        status = authority_issue(pki, &complete, ret);
    const int err = status == EXIT_DONE ? pki_save(path, false, ret) : 0;
    return err == 0 ? status : folder_cannot(path, err);
}

int folder_authority(const char *folder, const struct bureau_config *config)
{
    char from[PATH_MAX], to[PATH_MAX], text[16384];
    int status = authority_path(config, "ca.crt", from, sizeof(from));
    if (status == EXIT_DONE)
        status = folder_path(folder, "ca.crt", to);
    if (status != EXIT_DONE)
        return status;
    FILE *file = fopen(from, "re");
    if (file == NULL)
        return folder_cannot(from, -errno);
    const size_t n = fread(text, 1, sizeof(text), file);
    const bool whole = feof(file) != 0;
    (void)fclose(file); /* only read from */
    const int err = whole ? savefile_write(to, 0644, false, text, n) : -EFBIG;
    return err == 0 ? EXIT_DONE : folder_cannot(to, err);
}
