/* The visitor that hands a ledger's contents straight to a replica (replica/replica.h, restoring): for whoever has nothing to say in between. */
#ifndef LEDGER_RESTORER_H
#define LEDGER_RESTORER_H

#include "ledger/visitor.h"
#include "replica/replica.h"

/* `replica` is before its start; the visitor is good for one visit. */
struct ledger_visitor ledger_restorer(struct replica *replica);

#endif
