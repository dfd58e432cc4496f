package store

// SetSearchLimits makes searches of small databases take the ways of large
// ones. The result sets the limits back.
func SetSearchLimits(keys, rows, chained, alone, beside int) (restore func()) {
	before := limits
	limits.keys, limits.rows, limits.chained, limits.alone, limits.beside = keys, rows, chained, alone, beside
	limits.some = min(limits.some, rows)
	return func() { limits = before }
}

// SetStretches makes the stretches of rows that have ended, over which searches leap,
// as short as small databases have them.
func SetStretches(look, least, most, kept, some int) (restore func()) {
	before := stretches
	stretches.look, stretches.least, stretches.most, stretches.kept, stretches.some = look, least, most, kept, some
	return func() { stretches = before }
}

// SetPosted has the resources of keys kept in memory at the first leap of a search, few of
// them, and few of their changes.
func SetPosted(keys, changes int) (restore func()) {
	before := postedLimits
	postedLimits.leaps, postedLimits.keys, postedLimits.changes, postedLimits.beside = 1, keys, changes, false
	return func() { postedLimits = before }
}

// SetSortLimits is for sort orders what SetSearchLimits is for clauses.
func SetSortLimits(walkedRows, sortedMatches int) (restore func()) {
	rows, matches := maxWalked, maxSorted
	maxWalked, maxSorted = walkedRows, sortedMatches
	return func() { maxWalked, maxSorted = rows, matches }
}

// SetChainWalk makes a page that is sorted by a chain end after so many rows.
func SetChainWalk(rows int) (restore func()) {
	before := maxChainWalk
	maxChainWalk = rows
	return func() { maxChainWalk = before }
}

// SetGroupSize makes a group of matches that are equal by one sort parameter large.
func SetGroupSize(n int) (restore func()) {
	before := groupSize
	groupSize = n
	return func() { groupSize = before }
}

// SetLogBytes makes answers of Log end after so many bytes.
func SetLogBytes(n int) (restore func()) {
	before := maxLog
	maxLog = n
	return func() { maxLog = before }
}

// SetPageBytes makes pages end after so many bytes.
func SetPageBytes(n int) (restore func()) {
	before := maxPage
	maxPage = n
	return func() { maxPage = before }
}

// SetIncludeLimit makes pages bring at most so many resources with them.
func SetIncludeLimit(n int) (restore func()) {
	before := maxIncluded
	maxIncluded = n
	return func() { maxIncluded = before }
}

// Posted is how many keys are kept in memory.
func Posted(db *DB) int {
	db.posts.mu.Lock()
	defer db.posts.mu.Unlock()
	return len(db.posts.by)
}
