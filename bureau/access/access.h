/* Who may ask the bureau for what: the roles of docs/operations.md. */
#ifndef BUSWARDEN_ACCESS_H
#define BUSWARDEN_ACCESS_H

#include "proto/model.h"

enum access_role {
    ACCESS_ADMIN = 1,  /* everything, accounts too */
    ACCESS_BUREAU = 2, /* staff of the education bureau */
    ACCESS_SCHOOL = 4, /* what concerns its own vehicles; the verdict on any plate */
    ACCESS_POLICE = 8, /* reads, reports sightings */
};
enum {
    ACCESS_STAFF = ACCESS_ADMIN | ACCESS_BUREAU,
    ACCESS_READERS = ACCESS_STAFF | ACCESS_POLICE, /* of the whole county */
    ACCESS_ALL = ACCESS_READERS | ACCESS_SCHOOL,
    ACCESS_NAME_LEN = 65, /* with the NUL */
};

/* What a token may be used for, of all that its account's role allows. Not accounts and tokens in any case:
 * whoever gets hold of one shall not make himself more. */
enum access_scope {
    ACCESS_SCOPE_ALL = 1,
    ACCESS_SCOPE_READ = 2,   /* nothing is changed */
    ACCESS_SCOPE_PLATES = 4, /* the look-up of plates; sightings: all that is done with them */
    ACCESS_SCOPE_FEEDS = 8,  /* what is meant for other systems */
};
enum { ACCESS_SCOPES_LEN = 32 };

struct access_who {
    char name[ACCESS_NAME_LEN]; /* of the account; stands in the audit */
    enum access_role role;
    char school_id[BW_ID_LEN]; /* ACCESS_SCHOOL: its school; else "" */
};

/* The school whose rows are all that this one may see; NULL = every row. A school account without a school
 * sees those of the school "", which there is none of. */
static inline const char *access_school(const struct access_who *who)
{
    return who->role == ACCESS_SCHOOL ? who->school_id : NULL;
}

/* "admin", "bureau", "school", "police"; -EINVAL: none of them. NULL for a number that is no role. */
int access_role_parse(const char *text, enum access_role *ret);
const char *access_role_name(enum access_role role);
/* "plates,feeds"; -EINVAL: none, or an unknown word. */
int access_scopes_parse(const char *text, unsigned *ret);
void access_scopes_format(unsigned scopes, char ret[ACCESS_SCOPES_LEN]);
/* NULL = good, else what a name of an account may be. */
const char *access_name_fault(const char *name);

#endif
