/* Reports: what a file of a sharing platform says, before anybody weighs it. A report is that a source said something
 * of one kind about a subject, so many times, at a time.
 *
 * Invariant: the list holds nothing that its format would not allow; the same report never stands in it twice. */
#ifndef EXCHANGE_REPORT_H
#define EXCHANGE_REPORT_H

#include "exchange/tokens.h"

/* A file is told as a whole, and one batch has no room for more. */
#define REPORTS_MAX 65536
/* All their texts; ids have about 50 bytes. */
#define REPORTS_TEXT_BYTES_MAX (32u * 1024 * 1024)
/* The most that STIX lets a sighting count (part 5.2). */
#define REPORT_COUNT_MAX UINT64_C(999999999)

/* The name as in a model file, and the channel: what one source says through one channel at one occasion excludes
 * whatever else it could have said there. */
#define REPORT_KINDS(X)                                                                                              \
    X(PUBLISHED, "published", CHANNEL_PUBLICATION)                                                                   \
    X(REVOKED, "revoked", CHANNEL_PUBLICATION)                                                                       \
    X(SEEN, "seen", CHANNEL_SIGHTING)                                                                                \
    X(NOT_SEEN, "not-seen", CHANNEL_SIGHTING)                                                                        \
    X(FALSE_POSITIVE, "false-positive", CHANNEL_SIGHTING)                                                            \
    X(EXPIRED, "expired", CHANNEL_SIGHTING)                                                                          \
    X(STRONGLY_DISAGREE, "strongly-disagree", CHANNEL_OPINION)                                                       \
    X(DISAGREE, "disagree", CHANNEL_OPINION)                                                                         \
    X(NEUTRAL, "neutral", CHANNEL_OPINION)                                                                           \
    X(AGREE, "agree", CHANNEL_OPINION)                                                                               \
    X(STRONGLY_AGREE, "strongly-agree", CHANNEL_OPINION)

enum report_channel { CHANNEL_PUBLICATION, CHANNEL_SIGHTING, CHANNEL_OPINION, CHANNELS };
enum report_kind {
#define REPORT_ENUM(code, name, channel) REPORT_##code,
    REPORT_KINDS(REPORT_ENUM)
#undef REPORT_ENUM
        REPORT_KINDS_COUNT,
};

const char *report_kind_name(enum report_kind kind);
enum report_channel report_kind_channel(enum report_kind kind);
/* STATUS_NOT_FOUND. */
enum status report_kind_find(struct slice name, enum report_kind *ret_kind) MUST_USE;

enum { CONFIDENCE_FULL = 100 };

/* A text in the list's own store. */
struct report_text {
    uint32_t at;
    uint32_t bytes;
};

struct report {
    enum report_kind kind;
    uint32_t confidence;        /* of who says it, in hundredths; CONFIDENCE_FULL also when nothing is said */
    uint64_t count;             /* 1 .. REPORT_COUNT_MAX */
    uint64_t at_us;             /* when it was first seen or said; 0: unknown */
    uint64_t version_us;        /* of reports with the same id the newest version stands */
    uint64_t line;              /* in the file */
    struct report_text id;      /* what becomes the observation: 1 .. OBSERVATION_BYTES_MAX bytes, printable */
    struct report_text subject; /* what it is about */
    struct report_text source;  /* who saw or said it */
    uint64_t before;            /* counts of the same kind, source and subject that come before it: reports_order */
};

/* What the reports are about and what could be asked about it. */
struct report_subject {
    struct report_text id;
    struct report_text name; /* for people; may be empty */
};

struct reports {
    struct report *list;
    uint32_t count;
    uint32_t capacity;
    struct report_subject *subjects; /* those that the file describes; others may be reported on */
    uint32_t subjects_count;
    uint32_t subjects_capacity;
    uint32_t ignored; /* objects that say nothing here: identities, relationships, withdrawn reports ... */
    char *text;
    uint32_t text_bytes;
    uint32_t text_capacity;
};

/* All zeros is an empty list. Frees what it holds. */
void reports_free(struct reports *reports);
/* The text is valid until the next reports_keep. */
struct slice reports_text(const struct reports *reports, struct report_text text);
/* Copies a text into the store; STATUS_TOO_LARGE. */
enum status reports_keep(struct reports *reports, struct slice text, struct report_text *ret_text) MUST_USE;
/* STATUS_TOO_MANY beyond REPORTS_MAX. */
enum status reports_add(struct reports *reports, const struct report *report) MUST_USE;
enum status reports_add_subject(struct reports *reports, struct report_text id, struct report_text name) MUST_USE;

/* The name of a subject; empty when the file has none. After reports_order. */
struct slice reports_subject_name(const struct reports *reports, struct slice subject);

/* To be called once all are there: drops older versions and repetitions, puts what is left in the order of subject,
 * source, kind, time and id, and fills `before`. STATUS_CONFLICT when two reports of one id and version say
 * different things: then `ret_line` is the second one's. O(n log n). */
enum status reports_order(struct reports *reports, uint64_t *ret_line) MUST_USE;

#endif
