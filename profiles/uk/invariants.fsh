Invariant: eps-1
Severity: #error
Description: "Name the medicine once: as medicationCodeableConcept or as medicationReference, not as both and not as neither."
Expression: "(medicationReference.exists() and medicationCodeableConcept.exists().not()) or (medicationReference.exists().not() and medicationCodeableConcept.exists())"

Invariant: eps-10
Severity: #error
Description: "On an issue of a repeat dispensing prescription (reflex-order) name the original prescription in basedOn."
Expression: "(courseOfTherapyType.coding.code = 'acute') or (courseOfTherapyType.coding.code = 'continuous') or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing' and intent !='reflex-order') or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing' and intent ='reflex-order' and dispenseRequest.exists() and basedOn.exists())"

Invariant: eps-11
Severity: #error
Description: "Leave dispenseRequest.numberOfRepeatsAllowed out, or set it to 0, on a repeat prescription and on an issue of a repeat dispensing one."
Expression: "(courseOfTherapyType.coding.code = 'acute') or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing' and intent !='reflex-order') or ((courseOfTherapyType.coding.code = 'continuous' or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing' and intent ='reflex-order')) and (dispenseRequest.numberOfRepeatsAllowed.exists().not() or (dispenseRequest.numberOfRepeatsAllowed.exists() and dispenseRequest.numberOfRepeatsAllowed = 0)))"

Invariant: eps-12
Severity: #warning
Description: "On a repeat prescription (continuous) name what it repeats in basedOn."
Expression: "(courseOfTherapyType.coding.code = 'acute') or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing') or (courseOfTherapyType.coding.code = 'continuous' and dispenseRequest.exists() and basedOn.exists())"

Invariant: eps-13
Severity: #error
Description: "Leave numberOfPrescriptionsIssued out of the repeat information: only issues (reflex-order) of a repeat dispensing prescription count them."
Expression: "(courseOfTherapyType.coding.code != 'continuous-repeat-dispensing') or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing' and intent='reflex-order') or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing' and intent!='reflex-order' and extension('https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation').exists().not()) or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing' and intent!='reflex-order' and extension('https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation').exists() and extension('https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation').extension('numberOfPrescriptionsIssued').exists().not())"

Invariant: eps-14
Severity: #error
Description: "Say in the repeat information's numberOfPrescriptionsIssued which issue of the repeat dispensing prescription this is."
Expression: "(courseOfTherapyType.coding.code != 'continuous-repeat-dispensing') or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing' and intent != 'reflex-order') or (courseOfTherapyType.coding.code = 'continuous-repeat-dispensing' and intent='reflex-order' and extension('https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation').exists() and extension('https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation').extension('numberOfPrescriptionsIssued').exists())"

Invariant: eps-15
Severity: #warning
Description: "Say in the repeat information's numberOfPrescriptionsIssued which issue of the repeat prescription this is."
Expression: "(courseOfTherapyType.coding.code != 'continuous') or (courseOfTherapyType.coding.code = 'continuous' and extension('https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation').exists() and extension('https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation').extension('numberOfPrescriptionsIssued').exists())"

Invariant: eps-16
Severity: #error
Description: "Leave the repeat information out of an acute prescription."
Expression: "(courseOfTherapyType.coding.code != 'acute') or (courseOfTherapyType.coding.code = 'acute' and extension('https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation').exists().not())"

Invariant: eps-2
Severity: #warning
Description: "Give the subject a reference or an identifier."
Expression: "(reference.exists() or (identifier.exists()))"

Invariant: eps-3
Severity: #error
Description: "Give the requester a reference or an identifier."
Expression: "(reference.exists() or (identifier.exists()))"

Invariant: eps-4
Severity: #error
Description: "Give the recorder a reference or an identifier."
Expression: "(reference.exists() or (identifier.exists()))"

Invariant: eps-5
Severity: #error
Description: "Give the responsible practitioner extension a reference or an identifier."
Expression: "extension('https://fhir.nhs.uk/StructureDefinition/Extension-DM-ResponsiblePractitioner').exists().not() or (extension('https://fhir.nhs.uk/StructureDefinition/Extension-DM-ResponsiblePractitioner').value.reference.exists() or extension('https://fhir.nhs.uk/StructureDefinition/Extension-DM-ResponsiblePractitioner').value.system.exists())"

Invariant: eps-7
Severity: #warning
Description: "On a repeat dispensing prescription set intent to original-order (the prescription) or reflex-order (an issue of it)."
Expression: "(courseOfTherapyType.coding.code != 'continuous-repeat-dispensing') or ((courseOfTherapyType.coding.code = 'continuous-repeat-dispensing') and ((intent ='original-order') or (intent ='reflex-order')))"

Invariant: eps-8
Severity: #error
Description: "On a repeat prescription (continuous) set intent to original-order or instance-order."
Expression: "(courseOfTherapyType.coding.code != 'continuous') or ((courseOfTherapyType.coding.code = 'continuous') and ((intent ='original-order') or (intent ='instance-order')))"

Invariant: eps-9
Severity: #warning
Description: "Say in dispenseRequest.numberOfRepeatsAllowed how often a continuous prescription may be repeated."
Expression: "(courseOfTherapyType.coding.code.startsWith('acute')) or  (courseOfTherapyType.coding.code.startsWith('continuous') and dispenseRequest.exists() and dispenseRequest.numberOfRepeatsAllowed.exists())"

Invariant: eps-cd1
Severity: #error
Description: "Give the quantity of a schedule 2 or 3 controlled drug in words too (quantityWords)."
Expression: "(((extension('schedule').value.code='CD2' and extension('quantityWords').exists()) or (extension('schedule').value.code='CD3' and extension('quantityWords').exists()) or (extension('schedule').value.code != 'CD2' and extension('schedule').value.code != 'CD3')) and extension('scheduled').exists()) or (extension('scheduled').exists().not())"

Invariant: nacs-code-retired
Severity: #warning
Description: "Use the identifier system of the professional body (gmc-number, gmp-number, nmc-number …): professional-code is retired."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/professional-code').exists().not()"

Invariant: nhds-10
Severity: #warning
Description: "Give the managing organisation a display name."
Expression: "(display.exists())"

Invariant: nhsd-1
Severity: #warning
Description: "Give the organization a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: nhsd-11
Severity: #warning
Description: "Say in the replacementOf extension which message an update replaces."
Expression: "event.code.where(substring($this.length()-6) = 'update').exists().not() or (event.code.where(substring($this.length()-6) = 'update').exists() and extension('https://fhir.nhs.uk/StructureDefinition/Extension-replacementOf').exists())"

Invariant: nhsd-2
Severity: #warning
Description: "Give the practitioner a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: nhsd-3
Severity: #error
Description: "Give the location a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: nhsd-4
Severity: #error
Description: "Give the healthcareService a reference or an identifier."
Expression: "(reference.exists() or (identifier.exists()))"

Invariant: nhsd-6
Severity: #warning
Description: "Give partOf a display name."
Expression: "display.exists()"

Invariant: nhsd-8
Severity: #error
Description: "Give the location a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: nhsd-9
Severity: #warning
Description: "Give partOf a display name."
Expression: "(display.exists())"

Invariant: nhsd-claim-party
Severity: #error
Description: "Give payee.party a reference or an identifier."
Expression: "(reference.exists() or (identifier.exists()))"

Invariant: nhsd-errrorcode
Severity: #error
Description: "Give every issue that is more than information an NHS error or warning code in details."
Expression: "(severity = 'information') or ((severity != 'information') and details.empty().not())"

Invariant: nhsd-organization-references
Severity: #error
Description: "Give the organization a reference or an identifier."
Expression: "(reference.exists() or (identifier.exists()))"

Invariant: nhsd-practitioner-references
Severity: #error
Description: "Give the practitioner a reference or an identifier."
Expression: "(reference.exists() or (identifier.exists()))"

Invariant: nhsd-rng1
Severity: #error
Description: "Use the same unit in low and high, or none in both."
Expression: "low.empty() or high.empty() or (low.unit = high.unit) or (low.unit.empty() and high.unit.empty())"

Invariant: nhsd-subject
Severity: #error
Description: "Give the subject a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: nhsd-taskfocus
Severity: #error
Description: "Give the focus a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: participant
Severity: #error
Description: "Give the participant's actor a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: patient-nhs
Severity: #error
Description: "Write the NHS number as ten digits without spaces."
Expression: "identifier.where(system='https://fhir.nhs.uk/Id/nhs-number').exists().not() or (identifier.where(system='https://fhir.nhs.uk/Id/nhs-number').exists()  and identifier.where(system='https://fhir.nhs.uk/Id/nhs-number').value.matches('^([0-9]{10})$'))"

Invariant: patient-reference
Severity: #error
Description: "Give the patient a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: patient-reference-warning
Severity: #warning
Description: "Give the patient a reference or an identifier."
Expression: "(reference.exists() or (identifier.exists()))"

Invariant: performer
Severity: #error
Description: "Give the performer's actor a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: prac-din
Severity: #warning
Description: "Write the DIN as six digits."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/din-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/din-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/din-number').value.matches('^[0-9]{6}$'))"

Invariant: prac-gmc
Severity: #warning
Description: "Write the GMC number as C and seven digits."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-number').value.matches('^[C]{1}[0-9]{7}$'))"

Invariant: prac-gmcreferencenumber
Severity: #error
Description: "Write the GMC reference number as seven digits."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-reference-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-reference-number').value.matches('^[0-9]{7}$'))"

Invariant: prac-gmp
Severity: #warning
Description: "Write the GMP number as G and seven digits, the first of them not 6 or 7."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/gmp-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gmp-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gmp-number').value.matches('^[G]{1}[01234589]{1}[0-9]{6}$'))"

Invariant: prac-gphc
Severity: #warning
Description: "Write the GPhC number as seven digits."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').value.matches('^[0-9]{7}$'))"

Invariant: prac-hcpc
Severity: #warning
Description: "Write the HCPC number as two capital letters and six digits."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/hcpc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/hcpc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/hcpc-number').value.matches('^[A-Z]{2}[0-9]{6}$'))"

Invariant: prac-nmc
Severity: #warning
Description: "Write the NMC PIN as two digits, a capital letter, four digits and a capital letter."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/nmc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/nmc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/nmc-number').value.matches('^[0-9]{2}[A-Z]{1}[0-9]{4}[A-Z]{1}$'))"

Invariant: prac-sds-user-numeric
Severity: #error
Description: "Write the SDS user id in digits alone."
Expression: "identifier.where(system='https://fhir.nhs.uk/Id/sds-user-id').exists().not() or (identifier.where(system='https://fhir.nhs.uk/Id/sds-user-id').exists()  and identifier.where(system='https://fhir.nhs.uk/Id/sds-user-id').value.matches('^[0-9]+$'))"

Invariant: role-din
Severity: #warning
Description: "Write the DIN as six digits."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/din-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/din-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/din-number').value.matches('^[0-9]{6}$'))"

Invariant: role-gmc
Severity: #error
Description: "Write the GMC number as C and seven digits."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-number').value.matches('^[C]{1}[0-9]{7}$'))"

Invariant: role-gmcreferencenumber
Severity: #error
Description: "Write the GMC reference number as seven digits."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-reference-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-reference-number').value.matches('^[0-9]{7}$'))"

Invariant: role-gmp
Severity: #error
Description: "Write the GMP number as G and seven digits, the first of them not 6 or 7."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/gmp-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gmp-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gmp-number').value.matches('^[G]{1}[01234589]{1}[0-9]{6}$'))"

Invariant: role-gphc
Severity: #warning
Description: "Write the GPhC number as seven digits."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').value.matches('^[0-9]{7}$'))"

Invariant: role-hcpc
Severity: #warning
Description: "Write the HCPC number as two capital letters and six digits."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/hcpc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/hcpc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/hcpc-number').value.matches('^[A-Z]{2}[0-9]{6}$'))"

Invariant: role-nmc
Severity: #warning
Description: "Write the NMC PIN as two digits, a capital letter, four digits and a capital letter."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/nmc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/nmc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/nmc-number').value.matches('^[0-9]{2}[A-Z]{1}[0-9]{4}[A-Z]{1}$'))"

Invariant: role-sds-role-profile
Severity: #error
Description: "Write the SDS role profile id as twelve digits."
Expression: "identifier.where(system='https://fhir.nhs.uk/Id/sds-role-profile-id').exists().not() or (identifier.where(system='https://fhir.nhs.uk/Id/sds-role-profile-id').exists()  and identifier.where(system='https://fhir.nhs.uk/Id/sds-role-profile-id').value.matches('^[0-9]{12}$'))"

Invariant: role-sds-user-numeric
Severity: #error
Description: "Write the SDS user id in digits alone."
Expression: "identifier.where(system='https://fhir.nhs.uk/Id/sds-user-id').exists().not() or (identifier.where(system='https://fhir.nhs.uk/Id/sds-user-id').exists()  and identifier.where(system='https://fhir.nhs.uk/Id/sds-user-id').value.matches('^[0-9]+$'))"

Invariant: role-spurious
Severity: #warning
Description: "Write the spurious code as G6 or G7 and six digits."
Expression: "identifier.where(system='https://fhir.hl7.org.uk/Id/nhsbsa-spurious-code').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/nhsbsa-spurious-code').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/nhsbsa-spurious-code').value.matches('^[G]{1}[67]{1}[0-9]{6}$'))"

Invariant: ukcore-obs-grplab-001
Severity: #warning
Description: "Leave value[x] out of a group: its members have the values."
Expression: "value.empty()"

Invariant: ukcore-obs-lab-001
Severity: #warning
Description: "Give the result a value, the reason why it has none, or a note."
Expression: "value.exists() or dataAbsentReason.exists() or note.exists()"

Invariant: ukcore-obs-vs-001
Severity: #error
Description: "Give the code of a vital sign its LOINC coding beside others."
Expression: "code.coding.where(system='http://loinc.org').exists()"

Invariant: usercode-din
Severity: #error
Description: "Write the DIN as six digits."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/din-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/din-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/din-number').value.matches('^[0-9]{6}$'))"

Invariant: usercode-gmc
Severity: #error
Description: "Write the GMC number as C and seven digits."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gmc-number').value.matches('^[C]{1}[0-9]{7}$'))"

Invariant: usercode-gmp
Severity: #error
Description: "Write the GMP number as G and seven digits, the first of them not 6 or 7."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/gmp-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gmp-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gmp-number').value.matches('^[G]{1}[01234589]{1}[0-9]{6}$'))"

Invariant: usercode-gphc
Severity: #error
Description: "Write the GPhC number as seven digits."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/gphc-number').value.matches('^[0-9]{7}$'))"

Invariant: usercode-hcpc
Severity: #error
Description: "Write the HCPC number as two capital letters and six digits."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/hcpc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/hcpc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/hcpc-number').value.matches('^[A-Z]{2}[0-9]{6}$'))"

Invariant: usercode-nmc
Severity: #error
Description: "Write the NMC PIN as two digits, a capital letter, four digits and a capital letter."
Expression: "identifier.exists().not() or identifier.where(system='https://fhir.hl7.org.uk/Id/nmc-number').exists().not() or (identifier.where(system='https://fhir.hl7.org.uk/Id/nmc-number').exists()  and identifier.where(system='https://fhir.hl7.org.uk/Id/nmc-number').value.matches('^[0-9]{2}[A-Z]{1}[0-9]{4}[A-Z]{1}$'))"

Invariant: usercode-reference
Severity: #error
Description: "Give the agent a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"

Invariant: who-reference
Severity: #warning
Description: "Give agent.who a reference or an identifier."
Expression: "(reference.exists() or identifier.exists())"
