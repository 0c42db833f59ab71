#include "bureau/api/shares.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct shares *shares;

static void set_up(void)
{
    cr_assert_eq(shares_create(&shares), 0);
}

static void tear_down(void)
{
    shares_destroy(shares);
}

TestSuite(shares, .init = set_up, .fini = tear_down);

Test(shares, a_caller_has_as_many_as_it_may_and_takes_nothing_of_others)
{
    share_ticket first = 0, second = 0, refused = 0, other = 0;
    cr_expect(shares_take(shares, SHARE_UPLOADS, "10.0.0.1", 2, &first));
    cr_expect(shares_has_room(shares, SHARE_UPLOADS, "10.0.0.1", 2));
    cr_expect(shares_take(shares, SHARE_UPLOADS, "10.0.0.1", 2, &second));
    cr_expect(!shares_has_room(shares, SHARE_UPLOADS, "10.0.0.1", 2));
    cr_expect(!shares_take(shares, SHARE_UPLOADS, "10.0.0.1", 2, &refused));
    cr_expect_eq(refused, 0);
    cr_expect(shares_take(shares, SHARE_UPLOADS, "10.0.0.2", 2, &other));
    cr_expect(shares_take(shares, SHARE_REQUESTS, "10.0.0.1", 2, &other), "another kind is another share");
    shares_give_back(shares, &first);
    shares_give_back(shares, &first); /* is 0 by now */
    cr_expect(shares_take(shares, SHARE_UPLOADS, "10.0.0.1", 2, &first));
    cr_expect(!shares_take(shares, SHARE_UPLOADS, "10.0.0.1", 2, &refused));
}

Test(shares, places_are_used_again_and_there_is_a_limit_of_them)
{
    static share_ticket tickets[SHARES_MAX];
    char name[16];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SHARES_MAX; i++) {
            (void)snprintf(name, sizeof(name), "%d-%d", round, i);
            cr_assert(shares_take(shares, SHARE_ACCOUNT, name, 1, &tickets[i]), "%s", name);
        }
        share_ticket refused = 0;
        cr_expect(!shares_take(shares, SHARE_ACCOUNT, "one more", 1, &refused));
        cr_expect(!shares_has_room(shares, SHARE_ACCOUNT, "one more", 1));
        shares_give_back(shares, &tickets[7]);
        cr_expect(shares_take(shares, SHARE_ACCOUNT, "one more", 1, &tickets[7]));
        cr_expect(!shares_take(shares, SHARE_ACCOUNT, name, 1, &refused), "the last has its one still");
        for (int i = 0; i < SHARES_MAX; i++)
            shares_give_back(shares, &tickets[round == 1 ? SHARES_MAX - 1 - i : i]);
    }
}
