"""Recompute the totals of month-end submissions from the exported Bundles alone.

usage: recompute.py FILE…   in the order in which the runs were recorded

It shares nothing with the server: no rule, no table, no code. For each Bundle it
prints the run, the net total in pence as the figures of the claims add up to it, and
the net total that the Invoice in the Bundle says. A claim that was amended counts by
the difference to what an earlier Bundle had, one that was withdrawn is taken back.
At the end it prints which claims stand submitted, with what they are worth.
"""
import json
import sys
from decimal import Decimal
from fractions import Fraction

OWN = "https://pestle-fhir.github.io/"


def pence(money):
    return Fraction(str(money["value"])) * 100


def month_of(resource):
    for tag in resource["meta"]["tag"]:
        if tag["system"] == OWN + "CodeSystem/reimbursement-month" and "." not in tag["code"]:
            return tag["code"]
    raise ValueError("no month: " + resource["id"])


def code_of(concept, system):
    for coding in concept.get("coding", []):
        if coding.get("system") == OWN + "CodeSystem/" + system:
            return coding.get("code")
    return None


def figures(response):
    """The sum of all figures, and the basic prices by month and discount group."""
    month, total, basics = month_of(response), Fraction(0), {}
    for item in response.get("item", []):
        for detail in item.get("detail", []):
            group, basic = "", Fraction(0)
            for a in detail.get("adjudication", []):
                category = code_of(a["category"], "reimbursement-category")
                if category == "discount-group":
                    group = code_of(a["reason"], "discount-group")
                elif "amount" in a:
                    total += pence(a["amount"])
                    if category in ("basic-price", "concession"):
                        basic += pence(a["amount"])
            if basic:
                basics[month, group] = basics.get((month, group), Fraction(0)) + basic
    return total, basics


def rates(invoice):
    """The rate of each month and group, as the lines of the Invoice have it."""
    found, own = {}, invoice["identifier"][0]["value"].split("/")[0]
    for line in invoice.get("lineItem", []):
        concept = line["chargeItemCodeableConcept"]
        group = code_of(concept, "discount-group")
        if group is None:
            continue
        month = own
        if ", of " in concept["text"]:
            month = concept["text"].split(", of ")[1]
        for component in line["priceComponent"]:
            if component["type"] == "deduction":
                found[month, group] = Fraction(str(component["factor"]))
    return found


def half_up(n):
    sign = -1 if n < 0 else 1
    return sign * ((2 * abs(n) + 1) // 2)


def main(files):
    submitted = {}
    for name in files:
        with open(name) as f:
            bundle = json.load(f, parse_float=Decimal)
        invoice, entries = bundle["entry"][0]["resource"], bundle["entry"][1:]
        total, basics = Fraction(0), {}

        def add(response, sign):
            nonlocal total
            sum_, of = figures(response)
            total += sign * sum_
            for key, basic in of.items():
                basics[key] = basics.get(key, Fraction(0)) + sign * basic

        for claim, response in zip(entries[::2], entries[1::2]):
            marks = [e["url"].rsplit("/", 1)[1] for e in claim.get("extension", [])]
            response = response["resource"]
            id_ = response["id"]
            before = submitted.pop(id_, None)
            if (before is not None) != ("amended-claim" in marks or "withdrawn-claim" in marks):
                raise ValueError(f"{name}: {id_} is marked {marks}, and was submitted before: {before is not None}")
            if before is not None:
                add(before, -1)
            if "withdrawn-claim" not in marks:
                add(response, 1)
                submitted[id_] = response
        rate = rates(invoice)
        for key, basic in basics.items():
            total -= basic * rate.get(key, 0)
        print(invoice["identifier"][0]["value"], half_up(total), int(pence(invoice["totalNet"])))
    for id_ in sorted(submitted):
        print(id_, half_up(figures(submitted[id_])[0] * 10000))


main(sys.argv[1:])
