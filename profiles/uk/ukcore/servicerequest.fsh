Profile: UKCoreServiceRequest
Id: UKCore-ServiceRequest
Parent: ServiceRequest
* ^url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest"
* ^version = "2.5.1"
* ^status = #active
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-SourceOfServiceRequest named sourceOfServiceRequest ..1
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AdditionalContact named additionalContact ..
* extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-Coverage named coverage ..1
* basedOn MS
* status MS
* intent MS
* category ^slicing.discriminator[0].type = #value
* category ^slicing.discriminator[0].path = "coding.system"
* category ^slicing.rules = #open
* category MS
* category contains genomicsWholeCaseSequencing ..
* category[genomicsWholeCaseSequencing] from https://fhir.hl7.org.uk/ValueSet/UKCore-GenomeSequencingCategory (extensible)
* category[genomicsWholeCaseSequencing].coding.system = "https://fhir.hl7.org.uk/CodeSystem/UKCore-GenomeSequencingCategory" (exactly)
* priority MS
* priority.extension contains https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-PriorityReason named priorityReason ..
* code MS
* code from https://fhir.hl7.org.uk/ValueSet/UKCore-ProcedureCode (preferred)
* orderDetail from https://fhir.hl7.org.uk/ValueSet/UKCore-ProcedureCode (preferred)
* subject MS
* authoredOn MS
* requester MS
* reasonCode from https://fhir.hl7.org.uk/ValueSet/UKCore-ServiceRequestReasonCode (preferred)
* bodySite ^binding.strength = #preferred
