// Everything Tillpost needs in Azure: one resource group, one function app, its own data.
// Scope is the subscription so that `azd up` can create the resource group itself and `azd down` can remove it whole.
targetScope = 'subscription'

@description('Name of the azd environment; part of every name, so that two environments never share a resource.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region. Choose one that offers Flex Consumption (az functionapp list-flexconsumption-locations).')
@minLength(1)
param location string

@description('What the app believes it is. Simulation is not offered: a simulated clock and a simulated D365 have no business in the cloud.')
@allowed([
  'test'
  'production'
])
param tillpostEnvironment string = 'test'

@description('Root address of Dynamics 365, without a slash at the end, such as https://contoso.operations.dynamics.com.')
@minLength(9)
param d365Url string

@description('The environment id of this D365, as shown in the Power Platform admin centre. The app refuses to start on storage that belongs to another one.')
@minLength(1)
param d365EnvironmentId string

@description('Only when this same D365 environment has got another address: its address before. The app refuses to start on storage that was begun with another address.')
param d365MovedFrom string = ''

@description('Name of the import data project in D365 (Data management workspace).')
@minLength(1)
param d365DataProject string

@description('Entra tenant of D365. Empty: the tenant of this subscription.')
param d365TenantId string = ''

@description('Entra application that signs in to D365 with a secret from the vault. Empty: the app signs in with its managed identity, and there is no secret to rotate.')
param d365ClientId string = ''

@description('Schedule of the heartbeat: NCRONTAB with seconds, in UTC.')
param heartbeatSchedule string = '0 */2 * * * *'

@description('Sign of taxes in D365: as_net (that of the net amount) or as_pos (as the till has them). Only a sandbox can tell.')
@allowed([
  'as_net'
  'as_pos'
])
param d365TaxSign string = 'as_net'

@description('Order within an import: lines_first, or header_first where D365 takes no line without its header. Only a sandbox can tell.')
@allowed([
  'lines_first'
  'header_first'
])
param d365ImportOrder string = 'lines_first'

@description('Floats, removals and drops: by_hand (kept, entered in D365 by people) or packages. See docs/cash-office.md.')
@allowed([
  'by_hand'
  'packages'
])
param d365CashOffice string = 'by_hand'

@description('Counts: by_hand, auditable, or the label of a data entity that the customer had built.')
param d365TenderDeclarations string = 'by_hand'

@description('Minutes after closing before a store-day is compiled.')
@minValue(0)
param graceMinutes int = 60

@description('Minutes a package may wait for more receipts before it is cut.')
@minValue(1)
param packageMinutes int = 15

@description('Minutes between two looks at what D365 has done.')
@minValue(15)
param trackingMinutes int = 15

@description('Seconds a store must be quiet before its receipts count as settled.')
@minValue(0)
param settleSeconds int = 60

@description('Minutes of trading time after which a store of which nothing came counts as silent; a store\'s calendar may say otherwise.')
@minValue(5)
@maxValue(10080)
param silentMinutes int = 60

@description('Minutes from the till to D365 beyond which receipts are late.')
@minValue(5)
@maxValue(1440)
param lateMinutes int = 30
@description('Hours a refund waits for its sale before the store is told.')
@minValue(0)
param refundWaitHours int = 24

@description('Hours after the posting of a return before finance is told that its credit note is not confirmed.')
@minValue(0)
param effectHours int = 72

@description('Quiet hours by owner role, as JSON (docs/alerts.md). They hold back neither outages nor what gets worse.')
param quietHours string = '{}'

@description('Time of day at which each owner is told what waits, or that nothing does.')
param digestAt string = '07:00'

@description('Time zone of that time, such as Europe/London.')
param digestZone string = 'UTC'

@description('Address under which people find the runbooks, one page a reason. Empty: alerts name the page without a link.')
param runbooksUrl string = ''

@description('Amount, in a store\'s own currency, from which a cause is due sooner.')
@minValue(1)
param highValue int = 1000

@description('Partitions of the list of work: 1 up to 1,000 stores, 16 beyond. May be raised, never lowered.')
@allowed([1, 16])
param dueShards int = 1

@description('Entra tenant whose tokens open the app (docs/access.md). Empty: no token does, people carry keys and senders sign.')
param tenantId string = ''

@description('Audiences that a token must name, parted by blanks: the client id of the app registration, and its address (api://...) for tokens of version 1.')
param audience string = ''

@description('Host that gives the tokens and their keys. Empty: https://login.microsoftonline.com. Another one in national clouds.')
param authority string = ''

@description('Whether people may still come with a key of their own instead of a token.')
@allowed([
  'on'
  'off'
])
param keysOfPeople string = 'on'

@description('Whether Azure asks for a function key, in the address or a header, before a request of a source account reaches the app. An extra fence, never the only one.')
@allowed([
  'on'
  'off'
])
param functionKeys string = 'off'

@description('Upper limit of instances: caps the bill and the pressure on storage.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances for HTTP that never go cold. 0 costs nothing at rest; 1 spares the first receipt of the morning a cold start.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttp int = 0

@description('Redundancy of the storage that holds the receipts. Zone-redundant by default; not every region has it.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
param dataRedundancy string = 'Standard_ZRS'

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Resource id of an existing action group that alerts go to. Empty: alerts show in the portal and call nobody.')
param actionGroupId string = ''

@description('Object id of whoever deploys and sets the secrets; azd fills it in. Empty: nobody is given the right to write secrets.')
param deployerPrincipalId string = ''

@description('What the deployer is: a person, or a pipeline.')
@allowed([
  'User'
  'ServicePrincipal'
])
param deployerPrincipalType string = 'User'

@description('Object id of the Entra group whose members may look at tables and queues in the portal. Empty: nobody may.')
param supportGroupId string = ''

var tags = {
  'azd-env-name': environmentName
}
// Storage accounts and function apps need names that are unique in the world; the token is stable for the same three values.
var token = toLower(uniqueString(subscription().id, environmentName, location))

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-tillpost-${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-tillpost-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-tillpost-${token}'
    appInsightsName: 'appi-tillpost-${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    hostAccountName: 'sthost${token}'
    dataAccountName: 'stdata${token}'
    location: location
    tags: tags
    dataRedundancy: dataRedundancy
    workspaceId: monitoring.outputs.workspaceId
    protectFromDeletion: tillpostEnvironment == 'production'
  }
}

module vault 'app/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module access 'app/access.bicep' = {
  name: 'access'
  scope: group
  params: {
    appPrincipalId: identity.outputs.principalId
    hostAccountName: storage.outputs.hostAccountName
    dataAccountName: storage.outputs.dataAccountName
    vaultName: vault.outputs.name
    appInsightsName: monitoring.outputs.appInsightsName
    deployerPrincipalId: deployerPrincipalId
    deployerPrincipalType: deployerPrincipalType
    supportGroupId: supportGroupId
  }
}

module function 'app/function.bicep' = {
  name: 'function'
  scope: group
  params: {
    planName: 'plan-tillpost-${token}'
    appName: 'func-tillpost-${token}'
    location: location
    tags: tags
    identityName: identity.outputs.name
    hostAccountName: storage.outputs.hostAccountName
    dataAccountName: storage.outputs.dataAccountName
    packageContainerName: storage.outputs.packageContainerName
    vaultName: vault.outputs.name
    appInsightsName: monitoring.outputs.appInsightsName
    workspaceId: monitoring.outputs.workspaceId
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyHttp: alwaysReadyHttp
    tillpostEnvironment: tillpostEnvironment
    heartbeatSchedule: heartbeatSchedule
    graceMinutes: graceMinutes
    packageMinutes: packageMinutes
    trackingMinutes: trackingMinutes
    settleSeconds: settleSeconds
    silentMinutes: silentMinutes
    lateMinutes: lateMinutes
    refundWaitHours: refundWaitHours
    effectHours: effectHours
    quietHours: quietHours
    digestAt: digestAt
    digestZone: digestZone
    runbooksUrl: runbooksUrl
    highValue: highValue
    dueShards: dueShards
    tenantId: tenantId
    audience: audience
    authority: authority
    keysOfPeople: keysOfPeople
    functionKeys: functionKeys
    d365Url: d365Url
    d365EnvironmentId: d365EnvironmentId
    d365MovedFrom: d365MovedFrom
    d365TenantId: empty(d365TenantId) ? tenant().tenantId : d365TenantId
    d365ClientId: d365ClientId
    d365DataProject: d365DataProject
    d365TaxSign: d365TaxSign
    d365ImportOrder: d365ImportOrder
    d365CashOffice: d365CashOffice
    d365TenderDeclarations: d365TenderDeclarations
  }
  // Nothing in the parameters says that the identity needs its roles first; without them the first start fails on storage and vault.
  dependsOn: [
    access
  ]
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    actionGroupId: actionGroupId
  }
}

// azd keeps outputs as environment variables; docs/deploy.md uses these names.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output TILLPOST_FUNCTION_APP string = function.outputs.appName
output TILLPOST_URL string = function.outputs.url
output TILLPOST_DATA_ACCOUNT string = storage.outputs.dataAccountName
output TILLPOST_IDENTITY_CLIENT_ID string = identity.outputs.clientId
