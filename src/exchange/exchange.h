/* Exchange: the formats of other tools read (docs/exchange.md). Each reader takes a whole document as a stream and fills a
 * list of reports; nothing is weighed or told here, so a file that is refused has told nothing.
 *
 * Invariant: memory is bounded by the limits of exchange/tokens.h and exchange/report.h, whatever the file. */
#ifndef EXCHANGE_EXCHANGE_H
#define EXCHANGE_EXCHANGE_H

#include "exchange/report.h"

/* Each fills `reports`, which is empty before and reports_free's afterwards in any case, and puts it in order. On
 * failure `tokens->blame` says where and why. Besides the statuses of tokens_next: BAD_TYPE, BAD_VALUE, BAD_FORMAT,
 * MISSING, VERSION, CONFLICT; NOT_FOUND when the file holds no reports at all. */

/* A STIX 2.1 bundle (OASIS, part 8; 2.0 is read as well): indicators as publications, sightings with count, first_seen,
 * where_sighted_refs, opinions; confidence and revoked of each. Other objects are counted and passed over. */
enum status exchange_read_stix(struct tokens *tokens, struct reports *reports) MUST_USE;
/* Sightings as MISP writes them, wherever they stand: an answer of sightings/restSearch, a list of sightings, events
 * with the sightings of their attributes. Types 0 seen, 1 false positive, 2 expiration; any other is refused. */
enum status exchange_read_misp(struct tokens *tokens, struct reports *reports) MUST_USE;

#endif
