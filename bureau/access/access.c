#include "bureau/access/access.h"

#include <errno.h>
#include <string.h>

struct word {
    unsigned value;
    const char *text;
};
static const struct word ROLES[] = {
    {ACCESS_ADMIN, "admin"}, {ACCESS_BUREAU, "bureau"}, {ACCESS_SCHOOL, "school"}, {ACCESS_POLICE, "police"}};
static const struct word SCOPES[] = {{ACCESS_SCOPE_ALL, "all"},
                                     {ACCESS_SCOPE_READ, "read"},
                                     {ACCESS_SCOPE_PLATES, "plates"},
                                     {ACCESS_SCOPE_FEEDS, "feeds"}};
enum { WORDS = 4, NAME_LONGEST = 40 /* a token's number is added for the audit */ };

int access_role_parse(const char *text, enum access_role *ret)
{
    for (int i = 0; i < WORDS; i++)
        if (strcmp(text, ROLES[i].text) == 0) {
            *ret = (enum access_role)ROLES[i].value;
            return 0;
        }
    return -EINVAL;
}

const char *access_role_name(enum access_role role)
{
    for (int i = 0; i < WORDS; i++)
        if (ROLES[i].value == (unsigned)role)
            return ROLES[i].text;
    return NULL;
}

int access_scopes_parse(const char *text, unsigned *ret)
{
    unsigned scopes = 0;
    for (;;) {
        const size_t length = strcspn(text, ",");
        unsigned found = 0;
        for (int i = 0; i < WORDS; i++)
            if (strlen(SCOPES[i].text) == length && memcmp(text, SCOPES[i].text, length) == 0)
                found = SCOPES[i].value;
        if (found == 0)
            return -EINVAL;
        scopes |= found;
        if (text[length] == '\0')
            break;
        text += length + 1;
    }
    *ret = scopes;
    return 0;
}

void access_scopes_format(unsigned scopes, char ret[ACCESS_SCOPES_LEN])
{
    size_t used = 0;
    for (int i = 0; i < WORDS; i++) {
        if (!(scopes & SCOPES[i].value))
            continue;
        const size_t length = strlen(SCOPES[i].text);
        if (used > 0)
            ret[used++] = ',';
        memcpy(ret + used, SCOPES[i].text, length);
        used += length;
    }
    ret[used] = '\0';
}

const char *access_name_fault(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    const size_t length = strlen(name);
    return length >= 2 && length <= NAME_LONGEST && strspn(name, allowed) == length && *name != '-' &&
                   *name != '.'
               ? NULL
               : "an account's name has 2 to 40 of a-z, 0-9, '.', '_' and '-', the first a letter or digit";
}
