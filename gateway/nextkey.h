/* The files of a vehicle's key while it is changed: PATH is in force, PATH.next follows it. At any instant of
 * the change what lies on disk is enough to go on (outbox_change_key()). All return 0 or a negative errno. */
#ifndef BUSWARDEN_NEXTKEY_H
#define BUSWARDEN_NEXTKEY_H

#include "proto/seal.h"

/* Makes PATH.next and PATH.next.pub, whole or not at all, owned by the owner of PATH. -EEXIST: a change is
 * under way. */
int nextkey_make(const char *path, struct seal_key *ret);
/* What an error of loading a key means, for people. */
const char *nextkey_reason(int error);
/* -ENOENT: no change is under way. */
int nextkey_load(const char *path, struct seal_key *ret);
/* PATH.next becomes PATH: the old key is gone. */
int nextkey_replace(const char *path);

#endif
