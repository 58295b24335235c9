/* SPDX-License-Identifier: MIT */
/* What is known of the recording by all parts of liberg: a leaf. */
#include "tracepoints/liberg/internal.h"

struct erg_state erg_state_;
