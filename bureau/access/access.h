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

#endif
