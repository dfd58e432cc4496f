package fhirpath

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// function is one of the functions of the language. run finds its input from
// 'base' on the stack and leaves its result there.
type function struct {
	run       func(m *machine, c *call, base int) error
	min, max  int
	takesType bool
	anyType   bool // the type may be left out
}

// many is for functions with no upper bound on their parameters.
const many = 1000

// functions by name. What has two numbers has that many parameters at least
// and at most.
var functions = map[string]*function{
	// Existence
	"empty":      {run: fnEmpty},
	"exists":     {run: fnExists, max: 1},
	"all":        {run: fnAll, min: 1, max: 1},
	"allTrue":    {run: fnAllTrue},
	"anyTrue":    {run: fnAnyTrue},
	"allFalse":   {run: fnAllFalse},
	"anyFalse":   {run: fnAnyFalse},
	"subsetOf":   {run: fnSubsetOf, min: 1, max: 1},
	"supersetOf": {run: fnSupersetOf, min: 1, max: 1},
	"count":      {run: fnCount},
	"distinct":   {run: fnDistinct},
	"isDistinct": {run: fnIsDistinct},
	"not":        {run: fnNot},

	// Filtering, projection, iteration
	"where":     {run: fnWhere, min: 1, max: 1},
	"select":    {run: fnSelect, min: 1, max: 1},
	"repeat":    {run: fnRepeat, min: 1, max: 1},
	"repeatAll": {run: fnRepeatAll, min: 1, max: 1},
	"aggregate": {run: fnAggregate, min: 1, max: 2},
	"sort":      {run: fnSort, max: many},
	"iif":       {run: fnIif, min: 2, max: 3},
	"coalesce":  {run: fnCoalesce, min: 1, max: many},
	"trace":     {run: fnTrace, min: 1, max: 2},

	// Subsetting and combining
	"single":    {run: fnSingle},
	"first":     {run: fnFirst},
	"last":      {run: fnLast},
	"tail":      {run: fnTail},
	"skip":      {run: fnSkip, min: 1, max: 1},
	"take":      {run: fnTake, min: 1, max: 1},
	"intersect": {run: fnIntersect, min: 1, max: 1},
	"exclude":   {run: fnExclude, min: 1, max: 1},
	"union":     {run: fnUnion, min: 1, max: 1},
	"combine":   {run: fnCombine, min: 1, max: 1},

	// Conversion
	"toBoolean":          {run: fnConvert(toBoolean)},
	"toInteger":          {run: fnConvert(toInteger)},
	"toDecimal":          {run: fnConvert(toDecimal)},
	"toString":           {run: fnConvert(toText)},
	"toDate":             {run: fnConvert(toDate)},
	"toDateTime":         {run: fnConvert(toDateTime)},
	"toTime":             {run: fnConvert(toTime)},
	"toQuantity":         {run: fnToQuantity, max: 1},
	"convertsToBoolean":  {run: fnConverts(toBoolean)},
	"convertsToInteger":  {run: fnConverts(toInteger)},
	"convertsToDecimal":  {run: fnConverts(toDecimal)},
	"convertsToString":   {run: fnConverts(toText)},
	"convertsToDate":     {run: fnConverts(toDate)},
	"convertsToDateTime": {run: fnConverts(toDateTime)},
	"convertsToTime":     {run: fnConverts(toTime)},
	"convertsToQuantity": {run: fnConvertsToQuantity, max: 1},

	// Strings
	"indexOf":        {run: fnIndexOf, min: 1, max: 1},
	"lastIndexOf":    {run: fnLastIndexOf, min: 1, max: 1},
	"substring":      {run: fnSubstring, min: 1, max: 2},
	"startsWith":     {run: fnStartsWith, min: 1, max: 1},
	"endsWith":       {run: fnEndsWith, min: 1, max: 1},
	"contains":       {run: fnContains, min: 1, max: 1},
	"upper":          {run: fnUpper},
	"lower":          {run: fnLower},
	"trim":           {run: fnTrim},
	"replace":        {run: fnReplace, min: 2, max: 2},
	"matches":        {run: fnMatches, min: 1, max: 1},
	"matchesFull":    {run: fnMatchesFull, min: 1, max: 1},
	"replaceMatches": {run: fnReplaceMatches, min: 2, max: 2},
	"length":         {run: fnLength},
	"toChars":        {run: fnToChars},
	"split":          {run: fnSplit, min: 1, max: 1},
	"join":           {run: fnJoin, max: 1},
	"encode":         {run: fnEncode, min: 1, max: 1},
	"decode":         {run: fnDecode, min: 1, max: 1},
	"escape":         {run: fnEscape, min: 1, max: 1},
	"unescape":       {run: fnUnescape, min: 1, max: 1},

	// Numbers
	"abs":      {run: fnAbs},
	"ceiling":  {run: fnCeiling},
	"floor":    {run: fnFloor},
	"truncate": {run: fnTruncate},
	"round":    {run: fnRound, max: 1},
	"sqrt":     {run: fnSqrt},
	"exp":      {run: fnExp},
	"ln":       {run: fnLn},
	"log":      {run: fnLog, min: 1, max: 1},
	"power":    {run: fnPower, min: 1, max: 1},

	// Precision
	"lowBoundary":  {run: fnLowBoundary, max: 1},
	"highBoundary": {run: fnHighBoundary, max: 1},
	"precision":    {run: fnPrecision},
	"comparable":   {run: fnComparable, min: 1, max: 1},

	// Time
	"now":       {run: fnNow},
	"today":     {run: fnToday},
	"timeOfDay": {run: fnTimeOfDay},

	// Parts of dates and times (release 3)
	"yearOf":           {run: component(toYear, func(t temporal) int { return int(t.year) })},
	"monthOf":          {run: component(toMonth, func(t temporal) int { return int(t.month) })},
	"dayOf":            {run: component(toDay, func(t temporal) int { return int(t.day) })},
	"hourOf":           {run: component(toHour, func(t temporal) int { return int(t.hour) })},
	"minuteOf":         {run: component(toMinute, func(t temporal) int { return int(t.minute) })},
	"secondOf":         {run: component(toSecond, func(t temporal) int { return int(t.second) })},
	"millisecondOf":    {run: component(toSecond, func(t temporal) int { return int(t.nano / 1_000_000) })},
	"timezoneOffsetOf": {run: fnTimezoneOffsetOf},
	"dateOf":           {run: fnDateOf},
	"timeOf":           {run: fnTimeOf},

	// Tree, types and variables
	"children":       {run: fnChildren},
	"descendants":    {run: fnDescendants},
	"is":             {run: fnIs, takesType: true},
	"as":             {run: fnAs, takesType: true},
	"ofType":         {run: fnOfType, takesType: true},
	"type":           {run: fnType},
	"defineVariable": {run: fnDefineVariable, min: 1, max: 2},

	// FHIR
	"extension":         {run: fnExtension, min: 1, max: 1},
	"hasExtension":      {run: fnHasExtension, min: 1, max: 1},
	"hasValue":          {run: fnHasValue},
	"getValue":          {run: fnGetValue},
	"resolve":           {run: fnResolve},
	"conformsTo":        {run: fnConformsTo, min: 1, max: 1},
	"memberOf":          {run: fnMemberOf, min: 1, max: 1},
	"subsumes":          {run: fnSubsumes, min: 1, max: 1},
	"subsumedBy":        {run: fnSubsumedBy, min: 1, max: 1},
	"htmlChecks":        {run: fnHTMLChecks},
	"elementDefinition": {run: fnElementDefinition},
	"slice":             {run: fnSlice, min: 2, max: 2},
	"checkModifiers":    {run: fnCheckModifiers, min: 1, max: many},

	// SQL on FHIR
	"getResourceKey":  {run: fnResourceKey},
	"getReferenceKey": {run: fnReferenceKey, takesType: true, anyType: true},
}

// usage says what parameters a function takes.
func (f *function) usage(name string) string {
	switch {
	case f.max == 0:
		return name + "() without parameters"
	case f.max == many:
		return fmt.Sprintf("%s() with %d parameters or more", name, f.min)
	case f.min == f.max:
		return fmt.Sprintf("%s() with %d parameters", name, f.min)
	}
	return fmt.Sprintf("%s() with %d to %d parameters", name, f.min, f.max)
}

// suggestion names the functions that a misspelt name may mean.
func suggestion(name string) string {
	var near []string
	for known := range functions {
		if strings.EqualFold(known, name) || spelling.Distance(known, name, 2) <= 2 {
			near = append(near, known+"()")
		}
	}
	if len(near) == 0 {
		return "a function of FHIRPath or FHIR R4"
	}
	slices.Sort(near)
	return strings.Join(near, " or ")
}
