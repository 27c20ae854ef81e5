"""A software bill of materials in SPDX 2.3 JSON, from Debian packages."""

import hashlib
import json


def package_id(name):
    return "SPDXRef-Package-" + "".join(char if char.isalnum() or char in ".-" else "-" for char in name)


def debian_package(name, version, architecture, source):
    return {
        "SPDXID": package_id(name),
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": f"see /usr/share/doc/{name}/copyright",
        "sourceInfo": f"built from the source package {source}",
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A').replace('~', '%7E')}?arch={architecture}&distro=debian-12",
        }],
    }


def document(name, version, created, contained, compiled_in):
    """`contained` are packages whose files are there, `compiled_in` those of which code is part of the programs; each a tuple of
    debian_package()'s arguments. The same packages give the same bytes."""
    own = {
        "SPDXID": package_id(name),
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Highwater",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "APPLICATION",
    }
    packages = [own] + [debian_package(*each) for each in sorted({*contained, *compiled_in})]
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": own["SPDXID"]}]
    for kind, group in (("DEPENDS_ON", contained), ("STATIC_LINK", compiled_in)):
        relations += [{"spdxElementId": own["SPDXID"], "relationshipType": kind, "relatedSpdxElement": package_id(each[0])} for each in sorted(group)]
    digest = hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{name}-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{version}-{digest[:32]}",
        "creationInfo": {"created": created, "creators": ["Tool: highwater-scripts-image"]},
        "packages": packages,
        "relationships": relations,
    }
