/* CAN databases: what is read, what is refused and how it is said, and the recorded drive of a real car. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/source/candump.h"
#include "gateway/source/dbc.h"

#define CAN_DATA "../shared/data/can/"

enum { VALUES_MAX = 64 };

struct values {
    size_t n;
    size_t signal[VALUES_MAX];
    double value[VALUES_MAX];
};

static void collect(void *context, size_t signal, double value)
{
    struct values *values = context;
    cr_assert(values->n < VALUES_MAX);
    values->signal[values->n] = signal;
    values->value[values->n++] = value;
}

static struct dbc *parsed(const char *text)
{
    char error[DBC_ERROR_LEN] = "";
    struct dbc *dbc = NULL;
    cr_assert_eq(dbc_parse("test.dbc", text, strlen(text), error, &dbc), 0, "%s", error);
    return dbc;
}

static bool has_data(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    (void)fclose(file);
    return true;
}

/* One signal of a message of eight bytes, and what a frame gives. */
static const struct {
    const char *what, *bits, *scale, *type;
    uint8_t data[8];
    double expected;
} signals[] = {
    {"little endian, one byte", "8|8@1+", "(1,0)", "", {0, 0x2a}, 42},
    {"little endian, across bytes", "4|12@1+", "(1,0)", "", {0x30, 0x12}, 0x123},
    {"little endian, signed", "0|4@1-", "(1,0)", "", {0x0f}, -1},
    {"little endian, signed, most negative", "0|4@1-", "(1,0)", "", {0x08}, -8},
    {"big endian, one byte", "15|8@0+", "(1,0)", "", {0, 0x2a}, 42},
    {"big endian, two bytes", "7|16@0+", "(1,0)", "", {0x12, 0x34}, 0x1234},
    {"big endian, across bytes", "3|12@0+", "(1,0)", "", {0xf1, 0x23}, 0x123},
    {"big endian, signed", "7|16@0-", "(1,0)", "", {0xff, 0xfe}, -2},
    {"one bit, most significant first", "7|1@0+", "(1,0)", "", {0x80}, 1},
    {"factor and offset", "0|8@1+", "(0.5,-40)", "", {100}, 10},
    {"negative factor in exponent form", "0|8@1+", "(-1E-2,0)", "", {100}, -1},
    {"64 bits, unsigned", "0|64@1+", "(1,0)", "", {0, 0, 0, 0, 0, 0, 0, 0x80}, 9223372036854775808.0},
    {"64 bits, signed", "0|64@1-", "(1,0)", "", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -1},
    {"64 bits, big endian", "7|64@0+", "(1,0)", "", {0, 0, 0, 0, 0, 0, 1, 2}, 258},
    {"float of 32 bits", "0|32@1-", "(2,1)", "SIG_VALTYPE_ 5 S : 1;", {0, 0, 0xc0, 0x3f}, 4},
    {"float of 32 bits, big endian", "7|32@0-", "(1,0)", "SIG_VALTYPE_ 5 S : 1;", {0x3f, 0xc0}, 1.5},
    {"float of 64 bits", "0|64@1-", "(1,0)", "SIG_VALTYPE_ 5 S 2;", {0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, -1.5},
    {"an integer by declaration", "0|32@1-", "(1,0)", "SIG_VALTYPE_ 5 S : 0;", {7}, 7},
};

Test(dbc, signals_are_read_as_the_format_says)
{
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "BO_ 5 M: 8 X\n SG_ S : %s %s [0|0] \"\" X\n%s\n", signals[i].bits,
                       signals[i].scale, signals[i].type);
        struct dbc *dbc = parsed(text);
        struct can_frame_in frame = {.id = 5, .len = 8};
        memcpy(frame.data, signals[i].data, sizeof frame.data);
        struct values values = {0};
        cr_expect_eq(dbc_decode(dbc, &frame, collect, &values), 0, "%s", signals[i].what);
        cr_assert_eq(values.n, 1, "%s", signals[i].what);
        cr_expect_eq(values.value[0], signals[i].expected, "%s", signals[i].what);
        dbc_free(dbc);
    }
}

static const char whole[] = "\xef\xbb\xbfVERSION \"1\"\r\n"
                            "NS_ :\r\n\tBO_TX_BU_\r\n\tBO_\r\n\tSG_\r\n\tSIG_VALTYPE_\r\n\r\n"
                            "BS_:\r\n"
                            "BU_: GATEWAY X\r\n"
                            "BO_ 291 CABIN: 8 X\r\n"
                            " SG_ SEAT_R1L_OCC : 0|3@1+ (1,0) [0|3] \"persons\" X,GATEWAY\r\n"
                            " SG_ WHICH M : 8|8@1+ (1,0) [0|0] \"\" X\r\n"
                            " SG_ FIRST m0 : 16|8@1+ (1,0) [0|0] \"\" X\r\n"
                            " SG_ SECOND m1 : 16|8@1+ (0.1,0) [0|0] \"\xb0"
                            "C\" X\r\n"
                            "BO_ 2566844672 CCVS1: 8 X\r\n"
                            " SG_ SPEED : 8|16@1+ (0.00390625,0) [0|250.996] \"km/h\" X\r\n"
                            "BO_ 3221225472 VECTOR__INDEPENDENT_SIG_MSG: 0 Vector__XXX\r\n"
                            " SG_ ORPHAN : 0|8@1+ (1,0) [0|0] \"\" X\r\n"
                            "CM_ BO_ 291 \"a comment\r\n of two lines; with a \\\" quote\r\n"
                            "BO_ 1 NOT: 8 X\r\n SG_ NOT : bad\";\r\n"
                            "BA_DEF_ SG_ \"Start\" INT 0 10;\r\n"
                            "VAL_ 291 SEAT_R1L_OCC 7 \"unknown\" 0 \"empty\";\r\n"
                            "SIG_GROUP_ 291 G 1 : FIRST SECOND;\r\n";

Test(dbc, the_rest_of_a_file_is_skipped_and_signals_are_numbered_in_its_order)
{
    struct dbc *dbc = parsed(whole);
    static const char *const names[] = {"SEAT_R1L_OCC", "WHICH", "FIRST", "SECOND", "SPEED"};
    cr_assert_eq(dbc_signal_count(dbc), 5);
    for (size_t i = 0; i < 5; i++) {
        cr_expect_str_eq(dbc_signal_at(dbc, i)->name, names[i]);
    }
    const struct dbc_signal *speed = dbc_signal_at(dbc, 4);
    cr_expect_eq(speed->id, 0x18fef100);
    cr_expect(speed->extended);
    cr_expect_eq(speed->maximum, 250.996);
    cr_expect_str_eq(speed->unit, "km/h");
    cr_expect_eq(dbc_signal_at(dbc, 0)->length_bits, 3);
    dbc_free(dbc);
}

Test(dbc, only_the_selected_signals_of_a_multiplexed_message_are_decoded)
{
    struct dbc *dbc = parsed(whole);
    static const struct {
        uint8_t selector;
        size_t n, last_signal;
        double last_value;
    } cases[] = {{0, 3, 2, 50}, {1, 3, 3, 5}, {2, 2, 1, 2}};
    for (size_t i = 0; i < 3; i++) {
        const struct can_frame_in frame = {.id = 291, .len = 8, .data = {3, cases[i].selector, 50}};
        struct values values = {0};
        cr_expect_eq(dbc_decode(dbc, &frame, collect, &values), 0);
        cr_assert_eq(values.n, cases[i].n);
        cr_expect_eq(values.signal[values.n - 1], cases[i].last_signal);
        cr_expect_float_eq(values.value[values.n - 1], cases[i].last_value, 1e-12);
    }
    dbc_free(dbc);
}

Test(dbc, a_frame_shorter_than_its_message_is_a_fault_and_what_it_has_whole_is_decoded)
{
    struct dbc *dbc = parsed("BO_ 5 M: 4 X\n"
                             " SG_ LITTLE : 0|12@1+ (1,0) [0|0] \"\" X\n"
                             " SG_ BIG : 23|16@0+ (1,0) [0|0] \"\" X\n"
                             "BO_ 6 LONG: 20 X\n"
                             " SG_ FAR : 100|8@1+ (1,0) [0|0] \"\" X\n"
                             "BO_ 7 MUXED: 3 X\n"
                             " SG_ WHICH M : 8|8@1+ (1,0) [0|0] \"\" X\n"
                             " SG_ ONE m0 : 0|8@1+ (1,0) [0|0] \"\" X\n");
    static const struct {
        uint32_t id;
        uint8_t len;
        int outcome;
        size_t n;
    } cases[] = {{5, 0, 1, 0}, {5, 1, 1, 0}, {5, 2, 1, 1}, {5, 3, 1, 1}, {5, 4, 0, 2},
                 {5, 8, 0, 2}, {6, 8, 1, 0}, {7, 1, 1, 0}, {7, 2, 1, 2}, {7, 3, 0, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct can_frame_in frame = {.id = cases[i].id, .len = cases[i].len};
        struct values values = {0};
        cr_expect_eq(dbc_decode(dbc, &frame, collect, &values), cases[i].outcome, "case %zu", i);
        cr_expect_eq(values.n, cases[i].n, "case %zu", i);
    }
    dbc_free(dbc);
}

/* WHICH selects GROUP, which selects DEEP; BOTH has values of its own, given as ranges. */
static const char extended[] = "BO_ 9 X: 8 X\n"
                               " SG_ DEEP m2 : 24|8@1+ (1,0) [0|0] \"\" X\n"
                               " SG_ WHICH M : 0|8@1+ (1,0) [0|0] \"\" X\n"
                               " SG_ GROUP m1M : 8|8@1+ (1,0) [0|0] \"\" X\n"
                               " SG_ BOTH m0 : 16|8@1+ (1,0) [0|0] \"\" X\n"
                               "SG_MUL_VAL_ 9 GROUP WHICH 1-1;\n"
                               "SG_MUL_VAL_ 9 BOTH WHICH 0-0, 3-5 ;\n"
                               "SG_MUL_VAL_ 9 DEEP GROUP 2-3;\n";

Test(dbc, multiplexors_select_multiplexors_by_ranges)
{
    struct dbc *dbc = parsed(extended);
    static const struct {
        uint8_t which, group;
        bool has[4]; /* in the order of the file */
    } cases[] = {{0, 2, {false, true, false, true}},  {1, 2, {true, true, true, false}},
                 {1, 3, {true, true, true, false}},   {1, 4, {false, true, true, false}},
                 {2, 2, {false, true, false, false}}, {3, 0, {false, true, false, true}},
                 {5, 0, {false, true, false, true}},  {6, 0, {false, true, false, false}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct can_frame_in frame = {.id = 9, .len = 8, .data = {cases[i].which, cases[i].group, 7, 8}};
        struct values values = {0};
        bool has[4] = {false};
        cr_expect_eq(dbc_decode(dbc, &frame, collect, &values), 0);
        for (size_t v = 0; v < values.n; v++)
            has[values.signal[v]] = true;
        cr_expect_arr_eq(has, cases[i].has, sizeof has, "case %zu", i);
    }
    dbc_free(dbc);
}

Test(dbc, a_place_in_a_frame_is_said_in_the_words_of_the_file)
{
    struct dbc *dbc = parsed(extended);
    char place[DBC_PLACE_LEN];
    dbc_signal_place(dbc, 0, place);
    cr_expect_str_eq(place, "X 0x009 24|8@1+ (1,0) GROUP 2-3 WHICH 1");
    dbc_signal_place(dbc, 3, place);
    cr_expect_str_eq(place, "X 0x009 16|8@1+ (1,0) WHICH 0,3-5");
    dbc_free(dbc);
    dbc = parsed(whole);
    dbc_signal_place(dbc, 4, place);
    cr_expect_str_eq(place, "CCVS1 0x18fef100 8|16@1+ (0.00390625,0)");
    dbc_free(dbc);
}

#define ONE_SIGNAL " SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\n"
#define CCVS1_ANY  "BO_ 2566844926 CCVS1: 8 X\n" ONE_SIGNAL /* 0x18fef1fe: from whomever */
#define CCVS1_00   "BO_ 2566844672 A: 8 X\n" ONE_SIGNAL
#define CCVS1_31   "BO_ 2566844721 B: 8 X\n" ONE_SIGNAL
#define TSC1       "BO_ 2348810494 TSC1: 8 X\n" ONE_SIGNAL /* 0x0c0000fe: to one controller */
#define J1939_ALL  "BA_DEF_DEF_ \"VFrameFormat\" \"J1939PG\";\n"

Test(dbc, a_j1939_message_is_found_by_its_parameter_group)
{
    static const struct {
        const char *text;
        uint32_t id;
        int signal; /* -1 no such message */
    } cases[] = {
        {CCVS1_ANY TSC1, 0x18fef1fe, 0},
        {CCVS1_ANY TSC1, 0x18fef131, -1},
        {CCVS1_ANY TSC1 J1939_ALL, 0x18fef131, 0},
        {CCVS1_ANY TSC1 "BA_DEF_DEF_ \"VFrameFormat\" \"StandardCAN\";", 0x18fef131, -1},
        {CCVS1_ANY TSC1 "BA_ \"VFrameFormat\" BO_ 2566844926 3;", 0x0cfef100, 0},
        {CCVS1_ANY TSC1 "BA_ \"VFrameFormat\" BO_ 2566844926 3;", 0x18fef200, -1}, /* another group */
        {CCVS1_ANY TSC1 "BA_ \"VFrameFormat\" BO_ 2566844926 3;", 0x19fef100, -1}, /* another data page */
        {CCVS1_ANY TSC1 "BA_ \"VFrameFormat\" BO_ 2348810494 3;", 0x0c003103, 1},  /* to another */
        {CCVS1_ANY TSC1 J1939_ALL "BA_ \"VFrameFormat\" BO_ 2566844926 1;", 0x18fef131, -1},
        /* of several messages of one group that of the sender, else that of nobody, else none */
        {CCVS1_00 CCVS1_31 J1939_ALL, 0x0cfef131, 1},
        {CCVS1_00 CCVS1_31 J1939_ALL, 0x0cfef120, -1},
        {CCVS1_ANY CCVS1_31 J1939_ALL, 0x0cfef120, 0},
        {CCVS1_ANY CCVS1_31 J1939_ALL, 0x0cfef131, 1},
        {CCVS1_00 J1939_ALL, 0x0cfef120, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dbc *dbc = parsed(cases[i].text);
        const struct can_frame_in frame = {.id = cases[i].id, .extended = true, .len = 8};
        struct values values = {0};
        cr_expect_eq(dbc_decode(dbc, &frame, collect, &values), cases[i].signal < 0 ? -ENOENT : 0, "case %zu",
                     i);
        cr_assert_eq(values.n, cases[i].signal >= 0, "case %zu", i);
        cr_expect(values.n == 0 || values.signal[0] == (size_t)cases[i].signal, "case %zu", i);
        dbc_free(dbc);
    }
}

/* ---- against the definition of the format, bit for bit ---- */

struct layout {
    unsigned start, length;
    bool big_endian, is_signed;
};

/* Where the n-th bit of a signal is, from the least significant on: byte * 8 + bit. */
static unsigned bit_at(const struct layout *layout, unsigned n)
{
    if (!layout->big_endian)
        return layout->start + n;
    unsigned at = layout->start; /* of the most significant; the next lower is one to the right */
    for (unsigned i = layout->length - 1; i > n; i--)
        at = at % 8 == 0 ? at + 15 : at - 1;
    return at;
}

static double by_definition(const struct layout *layout, const uint8_t data[8])
{
    uint64_t raw = 0;
    for (unsigned n = 0; n < layout->length; n++) {
        const unsigned at = bit_at(layout, n);
        raw |= (uint64_t)(data[at / 8] >> at % 8 & 1) << n;
    }
    if (!layout->is_signed)
        return (double)raw;
    const bool negative = raw >> (layout->length - 1) != 0;
    return (double)(int64_t)(negative && layout->length < 64 ? raw | UINT64_MAX << layout->length : raw);
}

static bool fits(const struct layout *layout)
{
    for (unsigned n = 0; n < layout->length; n++) {
        if (bit_at(layout, n) >= 64)
            return false;
    }
    return true;
}

Test(dbc, any_layout_is_decoded_as_the_format_defines_it)
{
    const unsigned seed = (unsigned)time(NULL);
    srand(seed);
    for (int i = 0; i < 20000; i++) {
        const struct layout layout = {.start = (unsigned)rand() % 64,
                                      .length = 1 + (unsigned)rand() % 64,
                                      .big_endian = rand() % 2,
                                      .is_signed = rand() % 2};
        if (!fits(&layout))
            continue;
        char text[128];
        (void)snprintf(text, sizeof text, "BO_ 5 M: 8 X\n SG_ S : %u|%u@%d%c (1,0) [0|0] \"\" X\n",
                       layout.start, layout.length, !layout.big_endian, layout.is_signed ? '-' : '+');
        struct dbc *dbc = parsed(text);
        struct can_frame_in frame = {.id = 5, .len = 8};
        for (size_t b = 0; b < 8; b++)
            frame.data[b] = (uint8_t)rand();
        struct values values = {0};
        cr_assert_eq(dbc_decode(dbc, &frame, collect, &values), 0);
        cr_expect_eq(values.value[0], by_definition(&layout, frame.data), "seed %u, %s", seed, text);
        dbc_free(dbc);
    }
}

Test(dbc, identifiers_of_11_and_29_bits_are_different_messages)
{
    struct dbc *dbc = parsed(whole);
    struct values values = {0};
    const struct can_frame_in frames[] = {{.id = 291, .extended = true, .len = 8},
                                          {.id = 0x18fef100, .extended = false, .len = 8},
                                          {.id = 292, .len = 8}};
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(dbc_decode(dbc, &frames[i], collect, &values), -ENOENT);
    cr_expect_eq(values.n, 0);
    dbc_free(dbc);
}

Test(dbc, an_empty_database_knows_no_message)
{
    struct dbc *dbc = parsed("");
    const struct can_frame_in frame = {.id = 1};
    cr_expect_eq(dbc_signal_count(dbc), 0);
    cr_expect_eq(dbc_decode(dbc, &frame, collect, NULL), -ENOENT);
    dbc_free(dbc);
}

#define MUX                                                                                                  \
    "BO_ 5 M: 8 X\n SG_ A M : 0|8@1+ (1,0) [0|1] \"\" X\n SG_ B m1M : 8|8@1+ (1,0) [0|1] \"\" X\n"           \
    " SG_ C m1 : 16|8@1+ (1,0) [0|1] \"\" X\n"
#define SG "BO_ 5 M: 8 X\n SG_ S "

static const struct {
    const char *text, *error;
} faults[] = {
    {" SG_ S : 0|8@1+ (1,0) [0|0] \"\" X", "f:1: SG_ before any BO_"},
    {"\n\nBO_ x M: 8 X", "f:3: BO_: an identifier was expected"},
    {"BO_ 5 M 8 X", "f:1: BO_ 5: a name and ':' were expected"},
    {"BO_ 5 M: 9999 X", "f:1: BO_ M: a length of 0 to 1785 bytes was expected"},
    {"BO_ 2048 M: 8 X", "f:1: BO_ M: identifier 2048 out of range"},
    {"BO_ 99999999999 M: 8 X", "f:1: BO_: an identifier was expected"},
    {"BO_ 5 M: 8 X\n\nBO_ 6 N: 8 X\nBO_ 5 O: 8 X", "f:4: message 5 is defined in line 1 already"},
    {SG "0|8@1+", "f:2: SG_ S: ':' was expected"},
    {SG "X : 0|8@1+", "f:2: SG_ S: M or m and a number was expected before ':'"},
    {SG "m3N : 0|8@1+", "f:2: SG_ S: bad multiplexor value m3N"},
    {SG "m3 : 0|8@1+ (1,0) [0|0] \"\" X", "f:2: signal S is multiplexed, but the message has no multiplexor"},
    {SG ": 0-8@1+", "f:2: SG_ S: a start bit and '|' were expected"},
    {SG ": 0|0@1+", "f:2: SG_ S: a length of 1 to 64 bits was expected"},
    {SG ": 0|65@1+", "f:2: SG_ S: a length of 1 to 64 bits was expected"},
    {SG ": 0|8@2+", "f:2: SG_ S: @0 or @1 was expected"},
    {SG ": 0|8@1*", "f:2: SG_ S: + or - was expected after the byte order"},
    {SG ": 60|8@1+", "f:2: SG_ S: does not fit its message of 8 bytes"},
    {SG ": 56|9@0+", "f:2: SG_ S: does not fit its message of 8 bytes"},
    {SG ": 0|8@1+ (1)", "f:2: SG_ S: (factor,offset) was expected"},
    {SG ": 0|8@1+ (nan,0)", "f:2: SG_ S: (factor,offset) was expected"},
    {SG ": 0|8@1+ (1,0) [0]", "f:2: SG_ S: [minimum|maximum] was expected"},
    {SG ": 0|8@1+ (1,0) [0|1] km/h", "f:2: SG_ S: a unit in quotes was expected"},
    {SG ": 0|8@1+ (1,0) [0|1] \"km/h X\nBO_", "f:2: a string that begins here does not end"},
    {SG ": 0|8@1+ (1,0) [0|1] \"\" X\nSIG_VALTYPE_ 5 T : 1;",
     "f:3: SIG_VALTYPE_ T: there is no such signal in message 5"},
    {SG ": 0|8@1+ (1,0) [0|1] \"\" X\nSIG_VALTYPE_ 5 S : 1;", "f:3: SIG_VALTYPE_ S: a float of 8 bits"},
    {SG ": 0|8@1+ (1,0) [0|1] \"\" X\nSIG_VALTYPE_ 5 S : 3;",
     "f:3: SIG_VALTYPE_ S: 0, 1 or 2 and ';' were expected"},
    {MUX, "f:4: signal C: SG_MUL_VAL_ must say by which multiplexor"},
    {MUX "SG_MUL_VAL_ 5 C", "f:5: SG_MUL_VAL_: an identifier and two names were expected"},
    {MUX "SG_MUL_VAL_ 5 C D 0-1;", "f:5: SG_MUL_VAL_ D: there is no such signal in message 5"},
    {MUX "SG_MUL_VAL_ 6 C A 0-1;", "f:5: SG_MUL_VAL_ C: there is no such signal in message 6"},
    {MUX "SG_MUL_VAL_ 5 A B 0-1;", "f:5: SG_MUL_VAL_ A: it is not multiplexed"},
    {MUX "SG_MUL_VAL_ 5 B C 0-1;", "f:5: SG_MUL_VAL_ B: what selects it is no multiplexor"},
    {MUX "SG_MUL_VAL_ 5 C A 1-0;", "f:5: SG_MUL_VAL_ C: a range such as 0-3 was expected"},
    {MUX "SG_MUL_VAL_ 5 C A 0-1", "f:5: SG_MUL_VAL_ C: ';' was expected"},
    {MUX "SG_MUL_VAL_ 5 C A 0-1;\nSG_MUL_VAL_ 5 C B 0-1;", "f:6: SG_MUL_VAL_ C: given twice"},
    {MUX "SG_MUL_VAL_ 5 C B 0-1;\nSG_MUL_VAL_ 5 B B 0-1;",
     "f:3: signal B: multiplexors select one another, or more than 8 deep"},
    {"BO_ 5 M: 8 X\nBA_ \"VFrameFormat\" BO_ 6 3;", "f:2: BA_ VFrameFormat: there is no message 6"},
    {"BO_ 5 M: 8 X\nBA_ \"VFrameFormat\" 6 3;",
     "f:2: BA_ VFrameFormat: BO_, an identifier and a number were expected"},
};

Test(dbc, faults_name_file_line_and_reason)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char error[DBC_ERROR_LEN] = "";
        struct dbc *dbc = NULL;
        cr_expect_eq(dbc_parse("f", faults[i].text, strlen(faults[i].text), error, &dbc), -EINVAL, "%s",
                     faults[i].error);
        cr_expect_str_eq(error, faults[i].error);
        cr_expect_null(dbc);
    }
}

Test(dbc, a_nul_byte_or_a_missing_file_is_an_error)
{
    char error[DBC_ERROR_LEN] = "";
    struct dbc *dbc = NULL;
    cr_expect_eq(dbc_parse("f", "BU_:\0X", 6, error, &dbc), -EINVAL);
    cr_expect_str_eq(error, "f:1: a NUL byte in the text");
    cr_expect_eq(dbc_load("/nonexistent.dbc", error, &dbc), -ENOENT);
    cr_expect_str_eq(error, "/nonexistent.dbc: No such file or directory");
    cr_expect_null(dbc);
}

Test(dbc, real_files_parse)
{
    static const struct {
        const char *path;
        size_t n_signals;
    } files[] = {{CAN_DATA "tesla_model3_vehicle.dbc", 209}, {CAN_DATA "toyota_rav4_2017_merged.dbc", 353}};
    for (size_t i = 0; i < 2; i++) {
        if (!has_data(files[i].path))
            cr_skip_test("no recorded data at " CAN_DATA);
        char error[DBC_ERROR_LEN] = "";
        struct dbc *dbc = NULL;
        cr_assert_eq(dbc_load(files[i].path, error, &dbc), 0, "%s", error);
        cr_expect_eq(dbc_signal_count(dbc), files[i].n_signals);
        dbc_free(dbc);
    }
}

/* ---- the recorded drive: four wheel speeds, and their mean, as decoded by others to six decimals ---- */

enum { WHEELS = 4 };

struct wheels {
    const struct dbc *dbc;
    unsigned seen;
    double speed_mps[WHEELS]; /* front left, front right, rear left, rear right */
};

static void take_wheel(void *context, size_t signal, double value)
{
    static const char *const names[WHEELS] = {"WHEEL_SPEED_FL", "WHEEL_SPEED_FR", "WHEEL_SPEED_RL",
                                              "WHEEL_SPEED_RR"};
    struct wheels *wheels = context;
    for (size_t i = 0; i < WHEELS; i++) {
        if (strcmp(dbc_signal_at(wheels->dbc, signal)->name, names[i]) == 0) {
            wheels->speed_mps[i] = value / 3.6;
            wheels->seen++;
        }
    }
}

static bool next_wheels(FILE *log, struct wheels *wheels, double *ret_utc_s)
{
    char line[256];
    while (fgets(line, sizeof line, log) != NULL) {
        int64_t utc_us;
        struct can_frame_in frame;
        const char *reason;
        cr_assert_eq(candump_parse(line, strlen(line), &utc_us, &frame, &reason), 0, "%s", line);
        wheels->seen = 0;
        (void)dbc_decode(wheels->dbc, &frame, take_wheel, wheels);
        if (wheels->seen == WHEELS) {
            cr_assert_eq(sscanf(line, "(%lf)", ret_utc_s), 1);
            cr_expect_eq(utc_us, (int64_t)(*ret_utc_s * 1e6 + 0.5));
            return true;
        }
    }
    return false;
}

static double six_decimals(double value)
{
    return rint(value * 1e6) / 1e6;
}

Test(dbc, a_recorded_drive_decodes_to_the_expected_speeds)
{
    static const char dbc_path[] = CAN_DATA "toyota_rav4_2017_merged.dbc";
    if (!has_data(dbc_path))
        cr_skip_test("no recorded data at " CAN_DATA);
    char error[DBC_ERROR_LEN] = "", line[256];
    struct dbc *dbc = NULL;
    cr_assert_eq(dbc_load(dbc_path, error, &dbc), 0, "%s", error);
    FILE *log = fopen(CAN_DATA "rav4-24s.candump.log", "r");
    FILE *wheel_csv = fopen(CAN_DATA "rav4-expected_wheel_speed.csv", "r");
    FILE *speed_csv = fopen(CAN_DATA "rav4-expected_speed.csv", "r");
    cr_assert(log != NULL && wheel_csv != NULL && speed_csv != NULL);
    cr_assert(fgets(line, sizeof line, wheel_csv) != NULL && fgets(line, sizeof line, speed_csv) != NULL);
    struct wheels wheels = {.dbc = dbc};
    double utc_s, wheel_utc_s, speed_utc_s, expected[WHEELS], mean;
    size_t n = 0;
    for (; next_wheels(log, &wheels, &utc_s); n++) {
        cr_assert_eq(fscanf(wheel_csv, "%lf,%lf,%lf,%lf,%lf", &wheel_utc_s, &expected[0], &expected[1],
                            &expected[2], &expected[3]),
                     5);
        cr_assert_eq(fscanf(speed_csv, "%lf,%lf", &speed_utc_s, &mean), 2);
        cr_expect_float_eq(utc_s, wheel_utc_s, 1e-6);
        double sum = 0;
        for (size_t i = 0; i < WHEELS; i++) {
            cr_expect_float_eq(six_decimals(wheels.speed_mps[i]), expected[i], 1e-9, "%s", line);
            sum += wheels.speed_mps[i];
        }
        cr_expect_float_eq(sum / WHEELS, mean, 5.01e-7);
    }
    cr_expect_eq(n, 2013);
    (void)fclose(log);
    (void)fclose(wheel_csv);
    (void)fclose(speed_csv);
    dbc_free(dbc);
}

/* J1939: the parameter group is the middle of the identifier. Engine speed and vehicle distance of a truck.
 */
Test(dbc, frames_of_a_truck_with_29_bit_identifiers_decode)
{
    static const char path[] = CAN_DATA "j1939-truck.candump.log";
    if (!has_data(path))
        cr_skip_test("no recorded data at " CAN_DATA);
    struct dbc *dbc = parsed("BO_ 2364540158 OTHER: 8 X\n"  /* 0x0cf004fe */
                             "BO_ 2364539904 ENGINE: 8 X\n" /* 0x0cf00400 */
                             " SG_ ENGINE_SPEED : 24|16@1+ (0.125,0) [0|8031.875] \"rpm\" X\n"
                             "BO_ 2566840320 DISTANCE: 8 X\n" /* 0x18fee000 */
                             " SG_ TOTAL_DISTANCE : 32|32@1+ (0.125,0) [0|0] \"km\" X\n");
    FILE *log = fopen(path, "r");
    char line[256];
    struct values values = {0};
    while (fgets(line, sizeof line, log) != NULL) {
        int64_t utc_us;
        struct can_frame_in frame;
        const char *reason;
        cr_assert_eq(candump_parse(line, strlen(line), &utc_us, &frame, &reason), 0);
        (void)dbc_decode(dbc, &frame, collect, &values);
    }
    (void)fclose(log);
    cr_assert_eq(values.n, 2);
    cr_expect_eq(values.value[0], 854934.0);
    cr_expect_eq(values.value[1], 649.0);
    dbc_free(dbc);
}
