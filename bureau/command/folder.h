/* The folder that whoever gets a certificate is given: what `enrol` and `reader` share. Exit codes; each says
 * on stderr why it could not. */
#ifndef BUSWARDEN_BUREAU_FOLDER_H
#define BUSWARDEN_BUREAU_FOLDER_H

#include "bureau/command/authority.h"

#include <limits.h>

/* Must be new; mode 0700. */
int folder_make(const char *folder);
/* With those of these files that are there. */
void folder_remove(const char *folder, const char *const files[], size_t n);
int folder_path(const char *folder, const char *name, char ret[PATH_MAX]);
/* Says why a path cannot be used; the exit code for it. */
int folder_cannot(const char *path, int err);

/* tls.crt, and tls.key unless order->request_path names a request. key_path of the order is set here. */
int folder_certificate(const char *folder, struct pki *pki, const struct pki_order *order,
                       struct pki_certificate *ret);
/* ca.crt */
int folder_authority(const char *folder, const struct bureau_config *config);

#endif
