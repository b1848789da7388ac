/* SPDX-License-Identifier: MIT */
#include "query/score.h"

#include <math.h>

double bp_score_of(const struct bp_score *score)
{
	double executed = (double)(score->ok + score->error + score->interrupted);
	double lines = (double)score->lines / 200;

	if (executed <= 0) {
		return (double)NAN;
	}
	double value = 50 + 25 * (double)score->ok / executed -
		       15 * (double)(score->error + score->interrupted) / executed +
		       (score->ended ? 10 : 0) + 10 * (lines > 1 ? 1 : lines);
	return value < 0 ? 0 : value > 100 ? 100 : value;
}
